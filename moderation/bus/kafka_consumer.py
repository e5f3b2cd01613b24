"""A member of a Kafka consumer group whose positions come from the database.

Two faults of kafka-python 3.0.12, found by running it, are kept away here: pausing single partitions strands records, so all
assigned ones are paused and resumed together; and a poll that times out during a rejoin caused by new metadata forgets the
rejoin, so that the member is left without partitions and without heartbeat for good (`_keep_rejoining`).
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import Any

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from moderation.bus.kafka_producer import EVENT_ID_HEADER
from moderation.bus.log import Partition, Record

log = structlog.get_logger(__name__)
METADATA_S = 5  # how soon a topic or partition that is new to us is noticed
_SLICE_S = 0.2  # a poll looks this often for a new assignment


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python publishes no types
    """Runs on the client's own thread: only takes notes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.gained: set[TopicPartition] = set()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        with self.lock:
            self.gained.difference_update(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        with self.lock:
            self.gained.update(assigned)


class KafkaGroupConsumer:
    """Keeps the contract of `bus.log.LogConsumer`. `prefix` stands before every topic name on the broker."""

    def __init__(
        self, options: Mapping[str, Any], topics: Sequence[str], group: str, *, prefix: str, session_s: float
    ) -> None:
        self._prefix = prefix
        self._paused = False
        self._listener = _Listener()
        self._consumer = KafkaConsumer(
            **options,
            group_id=prefix + group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(session_s * 1000),
            heartbeat_interval_ms=int(session_s * 1000 / 4),
            max_poll_interval_ms=max(300_000, int(session_s * 1000)),
            fetch_max_wait_ms=100,
            metadata_max_age_ms=METADATA_S * 1000,
            allow_auto_create_topics=False,
        )
        self._consumer.subscribe([prefix + topic for topic in topics], listener=self._listener)

    def poll(self, timeout_s: float, max_records: int) -> Mapping[Partition, Sequence[Record]]:
        """See the port."""
        deadline = monotonic() + timeout_s
        while True:
            slice_s = max(0.0, min(_SLICE_S, deadline - monotonic()))
            found = {} if self._waiting() else self._poll_slice(slice_s, max_records)
            if found or self._waiting() or monotonic() >= deadline:
                return found

    def newly_assigned(self) -> frozenset[Partition]:
        """See the port; each starts at the beginning until the caller seeks."""
        with self._listener.lock:
            gained = {found for found in self._listener.gained if found in self._consumer.assignment()}
            self._listener.gained.clear()
        for found in gained:
            self.seek(self._ours(found), 0)
        return frozenset(map(self._ours, gained))

    def assignment(self) -> frozenset[Partition]:
        """See the port."""
        return frozenset(map(self._ours, self._consumer.assignment()))

    def seek(self, partition: Partition, offset: int) -> None:
        """See the port; of a partition that was just taken away, nothing."""
        theirs = self._theirs(partition)
        if theirs in self._consumer.assignment():
            self._consumer.seek(theirs, offset)

    def end_offsets(self) -> Mapping[Partition, int]:
        """See the port."""
        ends = self._consumer.end_offsets(list(self._consumer.assignment()))
        return {self._ours(theirs): end for theirs, end in ends.items()}

    def known_ends(self) -> Mapping[Partition, int]:
        """See the port; what the last fetch told."""
        found = {theirs: self._consumer.highwater(theirs) for theirs in self._consumer.assignment()}
        return {self._ours(theirs): end for theirs, end in found.items() if end is not None}

    def report_position(self, positions: Mapping[Partition, int]) -> None:
        """See the port."""
        offsets = {
            self._theirs(partition): OffsetAndMetadata(at, "", -1) for partition, at in positions.items()
        }
        try:
            self._consumer.commit_async(offsets, callback=_ignore)
        except Exception as error:  # the database knows the position; this one is for display
            log.debug("position_not_reported", error=type(error).__name__)

    def pause_all(self) -> None:
        """See the port."""
        self._paused = True
        self._consumer.pause(*self._consumer.assignment())

    def resume_all(self) -> None:
        """See the port."""
        self._paused = False
        self._consumer.resume(*self._consumer.paused())

    def close(self) -> None:
        """See the port."""
        self._consumer.close(timeout_ms=3000)

    def _waiting(self) -> bool:
        with self._listener.lock:
            return bool(self._listener.gained)

    def _poll_slice(self, slice_s: float, max_records: int) -> dict[Partition, list[Record]]:
        if self._paused:  # also what was assigned meanwhile
            self._consumer.pause(*self._consumer.assignment())
        found = self._consumer.poll(timeout_ms=int(slice_s * 1000), max_records=max_records)
        self._keep_rejoining()
        with self._listener.lock:  # what came from a partition gained meanwhile is read again after the seek
            kept = {theirs: raw for theirs, raw in found.items() if theirs not in self._listener.gained}
        return {
            self._ours(theirs): [self._record(theirs, one) for one in raw] for theirs, raw in kept.items()
        }

    def _keep_rejoining(self) -> None:
        """A join that this poll began and did not finish: have the next poll go on with it."""
        coordinator = self._consumer._coordinator  # private, so the version is pinned and a test watches this
        if coordinator.rejoining:
            coordinator.request_rejoin()

    def _record(self, theirs: TopicPartition, raw: Any) -> Record:
        ids = [value for name, value in raw.headers if name == EVENT_ID_HEADER]
        return Record(
            partition=self._ours(theirs),
            offset=raw.offset,
            key=(raw.key or b"").decode(errors="replace"),
            event_id=(ids[0] or b"").decode(errors="replace") if ids else "",
            value=raw.value or b"",
        )

    def _ours(self, theirs: TopicPartition) -> Partition:
        return Partition(theirs.topic.removeprefix(self._prefix), theirs.partition)

    def _theirs(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._prefix + partition.topic, partition.number)


def _ignore(*_: object) -> None:
    """The commit's answer is of no consequence."""
