"""A member of a consumer group of the embedded log."""

from collections.abc import Mapping, Sequence
from time import monotonic

from sqlalchemy import select
from sqlmodel import Session, col

from moderation.bus.log import Partition, Record
from moderation.bus.sql_group import Membership
from moderation.bus.sql_tables import PartitionRow, RecordRow, TopicRow
from moderation.store import Database


def bell(topic: str) -> str:
    """The bell that rings when a record is appended to `topic`."""
    return f"log:{topic}"


class SqlConsumer:
    """Keeps the contract of `bus.log.LogConsumer`. `poll_s`: how soon a record of another process is noticed."""

    def __init__(
        self, database: Database, topics: Sequence[str], group: str, *, session_s: float, poll_s: float
    ) -> None:
        self._database = database
        self._membership = Membership(database, topics, group, session_s)
        self._bells = [*(bell(topic) for topic in topics), f"group:{group}"]
        self._poll_s = poll_s
        self._paused = False
        self._positions: dict[Partition, int] = {}  # of the partitions that were handed out
        self._assigned: frozenset[Partition] = frozenset()

    def poll(self, timeout_s: float, max_records: int) -> Mapping[Partition, Sequence[Record]]:
        """See the port."""
        deadline = monotonic() + timeout_s
        while True:
            rung = self._database.bells.count(self._bells)
            self._refresh()
            found = {} if self._paused else self._fetch(max_records)
            left = deadline - monotonic()
            if found or left <= 0 or self._assigned - self._positions.keys():
                return found
            self._database.bells.wait(self._bells, rung, min(left, self._poll_s))

    def newly_assigned(self) -> frozenset[Partition]:
        """See the port."""
        self._refresh()
        gained = self._assigned - self._positions.keys()
        self._positions.update(dict.fromkeys(gained, 0))
        return gained

    def assignment(self) -> frozenset[Partition]:
        """See the port."""
        return self._assigned

    def seek(self, partition: Partition, offset: int) -> None:
        """See the port."""
        self._positions[partition] = offset

    def end_offsets(self) -> Mapping[Partition, int]:
        """See the port."""
        with self._database.read() as session:
            return {partition: end for partition, (_, end) in self._ends(session).items()}

    def known_ends(self) -> Mapping[Partition, int]:
        """See the port; the broker is the database."""
        return self.end_offsets()

    def report_position(self, positions: Mapping[Partition, int]) -> None:
        """Nothing to tell: the positions are in the same database."""

    def pause_all(self) -> None:
        """See the port."""
        self._paused = True

    def resume_all(self) -> None:
        """See the port."""
        self._paused = False

    def close(self) -> None:
        """See the port."""
        self._membership.leave()

    def _refresh(self) -> None:
        self._assigned = self._membership.share()
        for lost in self._positions.keys() - self._assigned:
            del self._positions[lost]

    def _fetch(self, max_records: int) -> dict[Partition, list[Record]]:
        found: dict[Partition, list[Record]] = {}
        with self._database.read() as session:
            behind = [
                (partition, topic_id)
                for partition, (topic_id, end) in self._ends(session).items()
                if partition in self._positions and self._positions[partition] < end
            ]
            for partition, topic_id in behind:
                records = self._records(session, partition, topic_id, max(1, max_records // len(behind)))
                if records:
                    found[partition] = records
                    self._positions[partition] = records[-1].offset + 1
        return found

    def _records(self, session: Session, partition: Partition, topic_id: str, limit: int) -> list[Record]:
        rows = session.execute(
            select(
                col(RecordRow.log_offset), col(RecordRow.key), col(RecordRow.event_id), col(RecordRow.value)
            )
            .where(
                col(RecordRow.topic_id) == topic_id,
                col(RecordRow.number) == partition.number,
                col(RecordRow.log_offset) >= self._positions[partition],
            )
            .order_by(col(RecordRow.log_offset))
            .limit(limit)
        )
        return [Record(partition, *row) for row in rows]

    def _ends(self, session: Session) -> dict[Partition, tuple[str, int]]:
        rows = session.execute(
            select(
                col(TopicRow.name), col(TopicRow.id), col(PartitionRow.number), col(PartitionRow.next_offset)
            )
            .join(PartitionRow, col(PartitionRow.topic_id) == col(TopicRow.id))
            .where(col(TopicRow.name).in_(sorted({partition.topic for partition in self._assigned})))
        )
        ends = {Partition(name, number): (topic_id, end) for name, topic_id, number, end in rows}
        return {partition: end for partition, end in ends.items() if partition in self._assigned}
