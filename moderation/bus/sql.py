"""The embedded event log: tables in the service's own database, durable, ordered, no broker to run."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self
from zlib import crc32

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from moderation.bells import ring_after_commit
from moderation.bus.log import (
    MAX_RECORD_BYTES,
    NewRecord,
    PublishFailed,
    TopicSpec,
    TopicUnknown,
    record_bytes,
)
from moderation.bus.sql_consumer import SqlConsumer, bell
from moderation.bus.sql_tables import PartitionRow, RecordRow, TopicRow
from moderation.bus.upsert import insert_or_ignore
from moderation.ids import new_id
from moderation.store import Database, now_ms


class SqlLog:
    """Keeps the contract of `bus.log.EventLog` in `database`, which stays the caller's to close.

    `session_s`: after how long a silent consumer's partitions go to the others; `poll_s`: how soon a consumer notices a
    record appended by another process (in one process it is woken at once).
    """

    def __init__(self, database: Database, *, session_s: float = 6.0, poll_s: float = 0.5) -> None:
        self.database, self._session_s, self._poll_s = database, session_s, poll_s

    def ensure_topics(self, specs: Iterable[TopicSpec]) -> None:
        """See the port."""
        with self.database.transaction() as session:
            for spec in specs:
                values = {"name": spec.name, "id": new_id("topic"), "partitions": spec.partitions,
                          "compacted": spec.compacted, "created_ms": now_ms(session)}  # fmt: skip
                made = session.execute(
                    insert_or_ignore(session, TopicRow).values(values).returning(col(TopicRow.name))
                )
                if made.first() is not None:
                    lanes = [
                        {"topic_id": values["id"], "number": n, "next_offset": 0}
                        for n in range(spec.partitions)
                    ]
                    session.execute(insert(PartitionRow), lanes)

    def topic_id(self, topic: str) -> str:
        """See the port."""
        with self.database.read() as session:
            found = session.execute(select(col(TopicRow.id)).where(col(TopicRow.name) == topic)).scalar()
        if found is None:
            raise TopicUnknown(topic)
        return str(found)

    def publish(self, records: Sequence[NewRecord]) -> None:
        """See the port; one transaction for all that are acceptable."""
        try:
            with self.database.transaction() as session:
                rejected = self._append(session, records)
        except SQLAlchemyError as error:
            ids = [record.event_id for record in records]
            raise PublishFailed(
                f"log: the database did not take the records ({type(error).__name__})", ids
            ) from error
        if rejected:
            reason = (
                f"log: refused {len(rejected)} records: unknown topic, or more than {MAX_RECORD_BYTES} bytes"
            )
            raise PublishFailed(reason, rejected=rejected)

    def consumer(self, topics: Sequence[str], group: str) -> SqlConsumer:
        """See the port."""
        return SqlConsumer(self.database, topics, group, session_s=self._session_s, poll_s=self._poll_s)

    def ping(self) -> None:
        """See the port."""
        self.database.ping()

    def close(self) -> None:
        """Nothing of its own to release."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, session: Session, records: Sequence[NewRecord]) -> list[str]:
        """Write what is acceptable; the event ids of the rest."""
        topics = self._topics(session, {record.topic for record in records})
        lanes: dict[tuple[str, int], list[NewRecord]] = {}
        rejected: list[str] = []
        for record in records:
            if record.topic not in topics or record_bytes(record) > MAX_RECORD_BYTES:
                rejected.append(record.event_id)
                continue
            topic_id, partitions = topics[record.topic]
            lanes.setdefault((topic_id, crc32(record.key.encode()) % partitions), []).append(record)
        rows = []
        now = now_ms(session)
        for (topic_id, number), lane in sorted(
            lanes.items(), key=lambda item: item[0]
        ):  # one order: no deadlocks
            first = self._allocate(session, topic_id, number, len(lane))
            rows += [
                {"topic_id": topic_id, "number": number, "log_offset": first + n, "key": record.key,
                 "event_id": record.event_id, "value": record.value, "at_ms": now}
                for n, record in enumerate(lane)
            ]  # fmt: skip
            ring_after_commit(session, bell(lane[0].topic))
        if rows:
            session.execute(insert(RecordRow), rows)
        return rejected

    def _topics(self, session: Session, names: Iterable[str]) -> dict[str, tuple[str, int]]:
        query = select(col(TopicRow.name), col(TopicRow.id), col(TopicRow.partitions))
        rows = session.execute(query.where(col(TopicRow.name).in_(sorted(names))))
        return {name: (topic_id, partitions) for name, topic_id, partitions in rows}

    def _allocate(self, session: Session, topic_id: str, number: int, count: int) -> int:
        """Take `count` offsets under the partition's row lock, which is held until the commit; the first of them."""
        after = session.execute(
            update(PartitionRow)
            .where(col(PartitionRow.topic_id) == topic_id, col(PartitionRow.number) == number)
            .values(next_offset=col(PartitionRow.next_offset) + count)
            .returning(col(PartitionRow.next_offset))
        ).scalar_one()
        return int(after) - count


def delete_topic(session: Session, topic: str) -> None:
    """Remove a topic and its records; a topic made anew under the name has another id."""
    topic_id = session.execute(select(col(TopicRow.id)).where(col(TopicRow.name) == topic)).scalar()
    session.execute(delete(RecordRow).where(col(RecordRow.topic_id) == topic_id))
    session.execute(delete(PartitionRow).where(col(PartitionRow.topic_id) == topic_id))
    session.execute(delete(TopicRow).where(col(TopicRow.name) == topic))
