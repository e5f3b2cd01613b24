"""Events leave with the transaction that made them: a row here, published later by one relay.

The relay (`bus.relay`) selects the rows that are *not yet sent*, never `id > last`: a transaction that took a lower id may
commit after a higher one was relayed.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Index, LargeBinary, text
from sqlmodel import Field, Session, SQLModel

from moderation import traces
from moderation.bells import ring_after_commit
from moderation.bulk import insert_rows
from moderation.bus.columns import SERIAL
from moderation.bus.log import NewRecord
from moderation.messages import Message, encode

BELL = "outbox"


class OutboxRow(SQLModel, table=True):
    """A record to be published. `sent_ms` is null until the log has acknowledged it, or it was parked."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_unsent",
            "id",
            sqlite_where=text("sent_ms IS NULL"),
            postgresql_where=text("sent_ms IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    topic: str
    key: str
    event_id: str
    value: bytes = Field(sa_type=LargeBinary)
    created_ms: int = Field(sa_type=BigInteger)
    sent_ms: int | None = Field(default=None, sa_type=BigInteger)


def enqueue(session: Session, message: Message, *, event_id: str, at_ms: int) -> None:
    """Publish `message` if and when the caller's transaction commits. `event_id` is unique for ever: consumers drop an id
    they have seen. `at_ms` is the time of the event, milliseconds since the epoch."""
    enqueue_raw(session, record_of(message, event_id=event_id, at_ms=at_ms), at_ms=at_ms)


def record_of(message: Message, *, event_id: str, at_ms: int) -> NewRecord:
    """The message as the log carries it, for `enqueue_all`."""
    value = encode(message, event_id=event_id, at_ms=at_ms, trace=traces.carried(message.key))
    return NewRecord(str(message.topic), message.key, event_id, value)


def enqueue_all(session: Session, records: Sequence[NewRecord], *, at_ms: int) -> None:
    """As `enqueue_raw` for many, in their order and at once: what the session itself still holds back comes after them."""
    rows = [(record.topic, record.key, record.event_id, record.value, at_ms) for record in records]
    insert_rows(session, OutboxRow, ("topic", "key", "event_id", "value", "created_ms"), rows)
    ring_after_commit(session, BELL)


def enqueue_raw(session: Session, record: NewRecord, *, at_ms: int) -> None:
    """As `enqueue`, for a record that is encoded already."""
    session.add(
        OutboxRow(
            topic=record.topic, key=record.key, event_id=record.event_id, value=record.value, created_ms=at_ms
        )
    )
    ring_after_commit(session, BELL)
