"""Records that could not be processed: kept with the reason and the count, listed, and replayed by one command.

A parked record's event id is *not* marked as seen, so that a replay, which publishes the same event again, is judged by the
group that parked it and dropped by every group that had processed it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, ColumnElement, Index, LargeBinary, func, select, update
from sqlmodel import Field, Session, SQLModel, col

from moderation import traces
from moderation.bus.log import NewRecord, Partition, Record
from moderation.bus.outbox import enqueue_raw
from moderation.ids import new_id
from moderation.messages import TYPE_PREFIX, Envelope

DLQ_SUFFIX = ".dlq"
RELAY_GROUP = "relay"  # parked by the relay: the log refused the record


class DeadLetterRow(SQLModel, table=True):
    """A parked record. `log_offset` is -1 when the log never took it. Open until `replayed_ms` or `dismissed_ms` is set."""

    __tablename__ = "dead_letter"
    __table_args__ = (Index("ix_dead_letter_open", "topic", "replayed_ms", "dismissed_ms"),)
    id: str = Field(primary_key=True)
    group_name: str
    topic: str
    partition_number: int
    log_offset: int = Field(sa_type=BigInteger)
    key: str
    event_id: str = Field(index=True)
    value: bytes = Field(sa_type=LargeBinary)
    code: str
    error: str
    tries: int
    parked_ms: int = Field(sa_type=BigInteger)
    replayed_ms: int | None = Field(default=None, sa_type=BigInteger)
    dismissed_ms: int | None = Field(default=None, sa_type=BigInteger)


class DeadLetterUnknown(LookupError):
    """No open dead letter has this id."""

    code = "dead_letter.unknown"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What an operator sees; the record's content stays in the table."""

    id: str
    group: str
    topic: str
    key: str
    event_id: str
    code: str
    error: str
    tries: int
    parked_ms: int


def park(
    session: Session, record: Record, error: BaseException, *, group: str, tries: int, now_ms: int
) -> str:
    """Keep `record` and why `group` could not process it after `tries` attempts; the new dead letter's id."""
    row = DeadLetterRow(
        id=new_id("dead"), group_name=group, topic=record.partition.topic, partition_number=record.partition.number,
        log_offset=record.offset, key=record.key, event_id=record.event_id, value=record.value,
        code=str(getattr(error, "code", type(error).__name__)), error=str(error)[:2000], tries=tries, parked_ms=now_ms,
    )  # fmt: skip
    session.add(row)
    return row.id


def announce(
    session: Session, dead_letter_id: str, record: Record, error: BaseException, *, tries: int, now_ms: int
) -> None:
    """Tell whoever reads `<topic>.dlq` what was parked, why, and how often it was tried; the content stays in the table."""
    envelope = parked(dead_letter_id, record, error, tries=tries, now_ms=now_ms)
    topic = record.partition.topic + DLQ_SUFFIX
    enqueue_raw(session, NewRecord(topic, record.key, dead_letter_id, envelope.encode()), at_ms=now_ms)


def parked(dead_letter_id: str, record: Record, error: BaseException, *, tries: int, now_ms: int) -> Envelope:
    """What is told of a parked record."""
    partition = record.partition
    data = {
        "dead_letter_id": dead_letter_id, "topic": partition.topic, "partition": partition.number,
        "offset": record.offset, "key": record.key, "event_id": record.event_id,
        "code": str(getattr(error, "code", type(error).__name__)), "tries": tries,
    }  # fmt: skip
    return Envelope(
        id=dead_letter_id,
        type=f"{TYPE_PREFIX}dead_letter.parked.v1",
        subject=record.key,
        time=datetime.fromtimestamp(now_ms / 1000, tz=UTC),
        partitionkey=record.key,
        data=data,
        **traces.carried(record.key),
    )


def park_unpublished(
    session: Session, record: NewRecord, error: BaseException, *, tries: int, now_ms: int
) -> str:
    """Keep a record that the log refused for good; the new dead letter's id."""
    never_logged = Record(Partition(record.topic, -1), -1, record.key, record.event_id, record.value)
    return park(session, never_logged, error, group=RELAY_GROUP, tries=tries, now_ms=now_ms)


def list_open(session: Session, *, topics: Sequence[str] = (), limit: int = 100) -> tuple[DeadLetter, ...]:
    """The open dead letters, oldest first; of all topics when none is named."""
    query = (
        select(DeadLetterRow)
        .where(*_open(topics))
        .order_by(col(DeadLetterRow.parked_ms), col(DeadLetterRow.id))
    )
    return tuple(_shown(row) for row in session.execute(query.limit(limit)).scalars())


def count_open(session: Session, *, topics: Sequence[str] = ()) -> int:
    """How many are open; a parked consent, rights or policy change means "could not judge" until this is 0 for its topic."""
    return int(
        session.execute(select(func.count()).select_from(DeadLetterRow).where(*_open(topics))).scalar_one()
    )


def replay(session: Session, dead_letter_id: str, *, now_ms: int) -> None:
    """Publish the record again under the same event id when the caller's transaction commits, and close the dead letter.
    Raises `DeadLetterUnknown`."""
    row = session.get(DeadLetterRow, dead_letter_id, with_for_update=True)
    if row is None or row.replayed_ms is not None or row.dismissed_ms is not None:
        raise DeadLetterUnknown(
            f"id: {dead_letter_id} is no open dead letter; list them with `safeconduct dlq list`"
        )
    row.replayed_ms = now_ms
    enqueue_raw(session, NewRecord(row.topic, row.key, row.event_id, row.value), at_ms=now_ms)


def dismiss(session: Session, dead_letter_id: str, *, now_ms: int) -> DeadLetter:
    """Close a dead letter that will never be processed (a foreign record, say). Who waits for it is the caller's business. Raises
    `DeadLetterUnknown`."""
    closed = session.execute(
        update(DeadLetterRow)
        .where(col(DeadLetterRow.id) == dead_letter_id, *_open(()))
        .values(dismissed_ms=now_ms)
        .returning(DeadLetterRow)
    ).scalar_one_or_none()
    if closed is None:
        raise DeadLetterUnknown(
            f"id: {dead_letter_id} is no open dead letter; list them with `safeconduct dlq list`"
        )
    return _shown(closed)


def _open(topics: Sequence[str]) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [
        col(DeadLetterRow.replayed_ms).is_(None),
        col(DeadLetterRow.dismissed_ms).is_(None),
    ]
    return [*clauses, col(DeadLetterRow.topic).in_(topics)] if topics else clauses


def _shown(row: DeadLetterRow) -> DeadLetter:
    return DeadLetter(
        id=row.id, group=row.group_name, topic=row.topic, key=row.key, event_id=row.event_id, code=row.code,
        error=row.error, tries=row.tries, parked_ms=row.parked_ms,
    )  # fmt: skip
