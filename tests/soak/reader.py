"""An independent reader of the topics: plain kafka-python, no code of the bus; what it sees is what anybody downstream sees."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition

from moderation.messages import Topic, decode

TOPICS = (
    Topic.REQUESTS, Topic.APPROVED, Topic.OUTPUTS, Topic.DECISIONS, Topic.RELEASED, Topic.WITHDRAWN,
)  # fmt: skip
STAGES = (
    "generation.requested",
    "generation.approved",
    "output.produced",
    "generation.released",
    "generation.withdrawn",
)
"""The events of a generation that each need the one before: the broker cannot have taken them in another order."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The first sight of an event: kind, and the broker's clock in milliseconds when it came."""

    event_id: str
    kind: str
    at_ms: int


@dataclass(frozen=True)
class Topics:
    """First sights by topic and generation in the order of the log, and how many records were there in all."""

    by_topic: Mapping[str, Mapping[str, Sequence[Seen]]]
    records: int

    def repeated(self) -> int:
        """Records that a relay sent again: consumers drop them by their event ids."""
        return self.records - sum(len(seen) for lanes in self.by_topic.values() for seen in lanes.values())

    def out_of_order(self, written: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
        """Generations whose events came in another order than they were written in (`written`: event ids by topic and
        generation), or that lack some, and generations whose stages came in another order than they happened."""
        wrong = []
        for (topic, name), expected in written.items():
            got = [seen.event_id for seen in self.by_topic.get(topic, {}).get(name, ())]
            if got != list(expected):
                wrong.append(f"{name} on {topic}: {got} instead of {list(expected)}")
        for name, times in self._stages().items():
            if times != sorted(times):
                wrong.append(f"{name}: its stages came in the order {times}")
        return wrong

    def _stages(self) -> Mapping[str, list[int]]:
        came: dict[str, dict[str, int]] = defaultdict(dict)
        for lanes in self.by_topic.values():
            for name, sights in lanes.items():
                for seen in sights:
                    came[name].setdefault(seen.kind, seen.at_ms)
        return {name: [at[stage] for stage in STAGES if stage in at] for name, at in came.items()}


def read_topics(bootstrap: str, prefix: str) -> Topics:
    """Read every record there is."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        partitions = [
            TopicPartition(prefix + str(topic), number)
            for topic in TOPICS
            for number in sorted(consumer.partitions_for_topic(prefix + str(topic)) or ())
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        return _read(consumer, ends, prefix)
    finally:
        consumer.close(timeout_ms=3000)


def _read(consumer: KafkaConsumer, ends: Mapping[TopicPartition, int], prefix: str) -> Topics:
    by_topic: dict[str, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    known: set[str] = set()
    records = 0
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        for partition, batch in consumer.poll(timeout_ms=500, max_records=5000).items():
            for record in batch:
                envelope = decode(record.value)
                records += 1
                if envelope.id not in known:
                    known.add(envelope.id)
                    kind = envelope.type.removeprefix("org.safeconduct.").rpartition(".v")[0]
                    lane = by_topic[partition.topic.removeprefix(prefix)]
                    lane[record.key.decode()].append(Seen(envelope.id, kind, record.timestamp))
    return Topics(by_topic, records)
