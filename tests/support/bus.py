"""What tests of the bus share: messages, a handler that leaves a row per message, and waiting for a condition."""

from collections.abc import Callable
from time import monotonic, sleep

from sqlalchemy import text
from sqlmodel import Session, col, select

from moderation.bus.backoff import Backoff
from moderation.bus.jobs import JobRow, insert_job
from moderation.bus.log import EventLog, NewRecord, Record, TopicSpec
from moderation.bus.outbox import enqueue
from moderation.messages import CaseChanged, Envelope, Message, Topic
from moderation.store import Database, now_ms

AT_ONCE = Backoff(first_ms=1, cap_ms=2, jitter=lambda: 0.0)
CASES = str(Topic.CASES)


def case(name: str, change: str = "opened") -> CaseChanged:
    """A small message; its key is `name`."""
    return CaseChanged.model_validate({"case_id": name, "generation_id": "gen_1", "change": change})


def record_of(message: Message, event_id: str) -> NewRecord:
    """The message as the log carries it."""
    value = Envelope.wrap(message, event_id=event_id, at_ms=1_700_000_000_000).encode()
    return NewRecord(str(message.topic), message.key, event_id, value)


def make_topics(event_log: EventLog, partitions: int = 4) -> None:
    """The case topic, its dead letters, and the topic of decisions."""
    specs = [
        TopicSpec(CASES, partitions),
        TopicSpec(f"{CASES}.dlq", 1),
        TopicSpec(str(Topic.DECISIONS), partitions),
    ]
    event_log.ensure_topics(specs)


def note(session: Session, kind: str, subject: str) -> None:
    """Leave a row that counts: one per call, gone when the transaction rolls back."""
    insert_job(session, kind=kind, subject_id=subject, payload={}, now_ms=now_ms(session), dedupe_key=None)


def noted(database: Database, kind: str) -> list[str]:
    """The subjects noted under `kind`, in order."""
    with database.read() as session:
        query = select(JobRow).where(col(JobRow.kind) == kind).order_by(col(JobRow.sequence))
        return [row.subject_id for row in session.exec(query)]


def note_message(session: Session, message: Message, record: Record) -> None:
    """A handler: one row per message."""
    note(session, "handled", record.event_id)


def pass_on(session: Session, message: Message, record: Record) -> None:
    """A handler with one row and one event out per message."""
    note(session, "handled", record.event_id)
    enqueue(session, case(message.key, "decided"), event_id=f"out_{record.event_id}", at_ms=now_ms(session))


def count(database: Database, table: str) -> int:
    """Rows of a table."""
    with database.read() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def until(condition: Callable[[], bool], within_s: float = 30, every_s: float = 0.02) -> bool:
    """Wait for `condition`; False when it did not come."""
    deadline = monotonic() + within_s
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(every_s)
    return True
