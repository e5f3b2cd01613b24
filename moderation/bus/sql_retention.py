"""What the embedded log forgets, as a broker would: replaced records of compacted topics, old records of the others.

Nothing that a group has yet to read is forgotten, however far behind it is; offsets stay as they are.
"""

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, tuple_
from sqlmodel import Session, col

from moderation.bus.positions import PositionRow
from moderation.bus.sql_tables import RecordRow, TopicRow

MANY = 1 << 30


def compact(session: Session, *, limit: int = MANY) -> int:
    """In compacted topics delete records that a later one of the same key replaces, `limit` at most; how many."""
    lane = (col(RecordRow.topic_id), col(RecordRow.number))
    newest = select(*lane, func.max(RecordRow.log_offset)).group_by(*lane, col(RecordRow.key))
    replaced = tuple_(*lane, col(RecordRow.log_offset)).not_in(newest)
    return _forget(session, limit, col(RecordRow.topic_id).in_(_compacted()), replaced)


def trim(session: Session, *, before_ms: int, limit: int = MANY) -> int:
    """In topics that are not compacted delete records appended before `before_ms`, `limit` at most; how many."""
    others = col(RecordRow.topic_id).not_in(_compacted())
    return _forget(session, limit, others, col(RecordRow.at_ms) < before_ms)


def _compacted() -> Select[str]:
    return select(col(TopicRow.id)).where(col(TopicRow.compacted).is_(True))


def _forget(session: Session, limit: int, *conditions: ColumnElement[bool]) -> int:
    unread = exists().where(
        col(PositionRow.topic_id) == col(RecordRow.topic_id),
        col(PositionRow.partition_number) == col(RecordRow.number),
        col(PositionRow.next_offset) <= col(RecordRow.log_offset),
    )
    place = (col(RecordRow.topic_id), col(RecordRow.number), col(RecordRow.log_offset))
    found = select(*place).where(*conditions, ~unread).limit(limit)
    gone = session.execute(
        delete(RecordRow)
        .where(tuple_(*place).in_(found))
        .returning(col(RecordRow.log_offset))
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
