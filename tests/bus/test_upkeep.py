"""Tidying the bus takes what is old and done, and nothing that still matters."""

from sqlalchemy import update
from sqlmodel import Session, select

from moderation.bus.jobs import JobRow, JobState, insert_job
from moderation.bus.log import NewRecord, TopicSpec
from moderation.bus.outbox import OutboxRow, enqueue_raw
from moderation.bus.sql import SqlLog
from moderation.bus.sql_tables import RecordRow
from moderation.bus.upkeep import KEPT_MS, tidy_bus
from moderation.store import Database, now_ms


def put(session: Session, event_id: str, *, sent_ms: int | None) -> None:
    """An event in the outbox."""
    enqueue_raw(session, NewRecord("t", "k", event_id, b"{}"), at_ms=1)
    session.flush()
    row = session.exec(select(OutboxRow).where(OutboxRow.event_id == event_id)).one()
    row.sent_ms = sent_ms
    session.add(row)


def test_old_sent_events_go_and_unsent_and_fresh_ones_stay(database: Database) -> None:
    with database.transaction() as session:
        now = now_ms(session)
        put(session, "old", sent_ms=now - KEPT_MS - 1000)
        put(session, "fresh", sent_ms=now)
        put(session, "unsent", sent_ms=None)
    assert tidy_bus(database) == 1
    with database.read() as session:
        assert sorted(session.exec(select(OutboxRow.event_id))) == ["fresh", "unsent"]


def test_old_finished_jobs_go_and_failed_ones_stay(database: Database) -> None:
    with database.transaction() as session:
        long_ago = now_ms(session) - KEPT_MS - 1000
        for state in (JobState.DONE, JobState.FAILED):
            job_id = insert_job(
                session, kind="work", subject_id=state.value, payload={}, now_ms=long_ago, dedupe_key=None
            )
            row = session.exec(select(JobRow).where(JobRow.id == job_id)).one()
            row.state, row.finished_ms = state.value, long_ago
            session.add(row)
    assert tidy_bus(database) == 1
    with database.read() as session:
        assert list(session.exec(select(JobRow.subject_id))) == ["failed"]


def test_the_embedded_log_forgets_old_records_and_replaced_ones_of_compacted_topics(
    database: Database,
) -> None:
    log = SqlLog(database)
    log.ensure_topics([TopicSpec("events", 1), TopicSpec("changes", 1, compacted=True)])
    log.publish([NewRecord(topic, "k", f"{topic}_old", b"{}") for topic in ("events", "changes")])
    with database.transaction() as session:
        session.execute(update(RecordRow).values(at_ms=now_ms(session) - KEPT_MS - 1000))
    log.publish(
        [NewRecord("events", "k", "events_new", b"{}"), NewRecord("changes", "other", "other", b"{}")]
    )
    log.publish([NewRecord("changes", "other", "other_new", b"{}")])
    assert tidy_bus(database) == 2
    with database.read() as session:
        kept = sorted(session.exec(select(RecordRow.event_id)))
    assert kept == ["changes_old", "events_new", "other_new"]
