"""How far each consumer group is, and which events it has seen: kept in the database, moved by compare-and-set.

Whoever finds the position elsewhere than expected is a duplicate or a zombie that woke up, and must roll back.
"""

from collections.abc import Iterable

from sqlalchemy import BigInteger, ColumnElement, delete, select, tuple_, update
from sqlmodel import Field, Session, SQLModel, col

from moderation.bulk import any_of, insert_rows
from moderation.bus.upsert import insert_or_ignore


class PositionRow(SQLModel, table=True):
    """The offset that `group_name` reads next in a partition of the topic with `topic_id`."""

    __tablename__ = "consumer_position"
    group_name: str = Field(primary_key=True)
    topic_id: str = Field(primary_key=True)
    partition_number: int = Field(primary_key=True)
    topic: str
    next_offset: int = Field(default=0, sa_type=BigInteger)
    moved_ms: int = Field(default=0, sa_type=BigInteger)


class SeenEventRow(SQLModel, table=True):
    """An event that took effect in `group_name`."""

    __tablename__ = "seen_event"
    group_name: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    seen_ms: int = Field(sa_type=BigInteger, index=True)


class StalePosition(Exception):
    """The position is not where this consumer left it: another one has moved it."""


def position(session: Session, group: str, topic: str, topic_id: str, number: int) -> int:
    """The offset to read next; 0, recorded as such, when the group never read this partition."""
    values = {"group_name": group, "topic_id": topic_id, "partition_number": number, "topic": topic}
    session.execute(insert_or_ignore(session, PositionRow).values(**values, next_offset=0, moved_ms=0))
    return int(
        session.execute(
            select(col(PositionRow.next_offset)).where(*_at(group, topic_id, number))
        ).scalar_one()
    )


def move(
    session: Session, group: str, topic_id: str, number: int, *, expected: int, to: int, now_ms: int
) -> None:
    """Move the position from `expected` to `to`; raises `StalePosition` when it is elsewhere. Holds the row until commit."""
    moved = session.execute(
        update(PositionRow)
        .where(*_at(group, topic_id, number), col(PositionRow.next_offset) == expected)
        .values(next_offset=to, moved_ms=now_ms)
        .returning(col(PositionRow.next_offset))
    ).first()
    if moved is None:
        raise StalePosition(f"{group}: partition {number} is not at {expected} any more")


def seen(session: Session, group: str, event_ids: Iterable[str]) -> frozenset[str]:
    """Those of `event_ids` that took effect in `group` before."""
    query = select(col(SeenEventRow.event_id)).where(
        col(SeenEventRow.group_name) == group, any_of(session, SeenEventRow.event_id, event_ids)
    )
    return frozenset(session.execute(query).scalars())


def remember(session: Session, group: str, event_ids: Iterable[str], *, now_ms: int) -> None:
    """Record that `event_ids` take effect in `group` with this transaction."""
    rows = [(group, event_id, now_ms) for event_id in event_ids]
    insert_rows(session, SeenEventRow, ("group_name", "event_id", "seen_ms"), rows)


def forget_seen(session: Session, *, before_ms: int, limit: int = 1 << 30) -> int:
    """Delete events seen before `before_ms`, a time after which no event can come twice, `limit` at most; how many."""
    key = (col(SeenEventRow.group_name), col(SeenEventRow.event_id))
    old = select(*key).where(col(SeenEventRow.seen_ms) < before_ms).limit(limit)
    gone = session.execute(
        delete(SeenEventRow)
        .where(tuple_(*key).in_(old))
        .returning(col(SeenEventRow.event_id))
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def _at(group: str, topic_id: str, number: int) -> tuple[ColumnElement[bool], ...]:
    return (
        col(PositionRow.group_name) == group,
        col(PositionRow.topic_id) == topic_id,
        col(PositionRow.partition_number) == number,
    )
