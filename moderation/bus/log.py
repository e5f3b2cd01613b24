"""The event log as a port: what the service needs of a durable, partitioned, ordered log, and nothing more.

Two transports keep this contract, `bus.sql` (embedded, the default) and `bus.kafka`; one contract-test suite runs on both.
The log is at-least-once: exactly-once *effects* come from `bus.consumer`, which keeps positions in the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

MAX_RECORD_BYTES = 1_000_000
"""Key, event id and value together: below Kafka's default `max.message.bytes` (1,048,588) with room for its framing."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One ordered lane of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic to be created when missing; `compacted` keeps the last record of each key."""

    name: str
    partitions: int = 4
    compacted: bool = False


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to be appended. Records of one key keep their order; `value` is the encoded CloudEvent."""

    topic: str
    key: str
    event_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read. `event_id` comes from the header and may be empty for a foreign producer's record."""

    partition: Partition
    offset: int
    key: str
    event_id: str
    value: bytes


class LogConsumer(Protocol):
    """One member of a consumer group. Not thread-safe: poll, seek and pause from one thread."""

    def poll(self, timeout_s: float, max_records: int) -> Mapping[Partition, Sequence[Record]]:
        """Records by partition in offset order; empty when none came within `timeout_s`."""

    def newly_assigned(self) -> frozenset[Partition]:
        """Partitions gained since the last call; the caller must `seek` each to the database's position before polling.
        `poll` gives no records of a partition that was not handed out here, and returns early when there is one."""

    def assignment(self) -> frozenset[Partition]:
        """The partitions this member holds now."""

    def seek(self, partition: Partition, offset: int) -> None:
        """Read `partition` from `offset` next (0: the beginning)."""

    def end_offsets(self) -> Mapping[Partition, int]:
        """For each assigned partition the offset that the next record will get."""

    def known_ends(self) -> Mapping[Partition, int]:
        """As `end_offsets`, as far as is known without waiting for a broker: for displays."""

    def report_position(self, positions: Mapping[Partition, int]) -> None:
        """Tell the broker how far this group is, for lag displays only; errors are swallowed, nothing depends on it."""

    def pause_all(self) -> None:
        """Stop fetching from every assigned partition while membership stays alive (poll goes on, returning nothing)."""

    def resume_all(self) -> None:
        """Fetch again."""

    def close(self) -> None:
        """Leave the group."""


class EventLog(Protocol):
    """A durable, partitioned, ordered log."""

    def ensure_topics(self, specs: Iterable[TopicSpec]) -> None:
        """Create the topics that are missing; existing ones are left as they are."""

    def topic_id(self, topic: str) -> str:
        """An id that changes when a topic is deleted and made anew: positions are kept under it. Raises `TopicUnknown`."""

    def publish(self, records: Sequence[NewRecord]) -> None:
        """Append all records, durably, in order per key; on return all are acknowledged. Raises `PublishFailed`
        naming the records that are not; those may be sent again (consumers drop event ids they have seen)."""

    def consumer(self, topics: Sequence[str], group: str) -> LogConsumer:
        """A new member of `group` reading `topics` from the beginning unless it seeks."""

    def ping(self) -> None:
        """Raise when the log cannot be reached."""

    def close(self) -> None:
        """Release connections."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PublishFailed(Exception):
    """Some records were not acknowledged. `rejected` can never succeed (too large, not authorised): park them;
    `unacknowledged` may be tried again."""

    def __init__(self, reason: str, unacknowledged: Sequence[str] = (), rejected: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.unacknowledged = tuple(unacknowledged)
        self.rejected = tuple(rejected)


class TopicUnknown(LookupError):
    """The log has no such topic."""

    code = "log.unknown_topic"

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"topic: {topic!r} does not exist; create the topics first (every worker does when it starts)"
        )


def record_bytes(record: NewRecord) -> int:
    """The size of a record as the limit counts it."""
    return len(record.key.encode()) + len(record.event_id.encode()) + len(record.value)
