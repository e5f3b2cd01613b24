"""The numbers for the metrics: queues, outbox lag, dead letters, positions."""

from moderation.bus import dead_letters, job_queue, positions, stats
from moderation.bus.jobs import JobState, insert_job
from moderation.bus.log import Partition, Record
from moderation.bus.outbox import enqueue
from moderation.bus.stats import OutboxLag, Queue
from moderation.store import Database, now_ms
from tests.support.bus import case


def test_queues_count_by_state_and_tell_the_age_of_the_oldest_unfinished_job(database: Database) -> None:
    with database.transaction() as session:
        now = now_ms(session)
        for age_s in (90, 60, 30, 10):
            insert_job(
                session, kind="judge", subject_id="g", payload={}, now_ms=now - age_s * 1000, dedupe_key=None
            )
        done, failed, running = job_queue.claim(session, {"judge": 60_000}, holder="h", limit=3)
        job_queue.finish(session, [done], JobState.DONE)
        job_queue.finish(session, [failed], JobState.FAILED)
    with database.read() as session:
        found = stats.queues(session, ["judge", "release"])
    assert (found["judge"].waiting, found["judge"].running, found["judge"].failed) == (1, 1, 1)
    assert 30 <= found["judge"].oldest_s < 40
    assert running.attempt == 1
    assert found["release"] == Queue()


def test_the_outbox_lag_is_in_rows_and_seconds(database: Database) -> None:
    with database.transaction() as session:
        enqueue(session, case("k"), event_id="e", at_ms=now_ms(session) - 4000)
    with database.read() as session:
        found = stats.outbox_lag(session)
    assert found.rows == 1
    assert 4 <= found.oldest_s < 14


def test_an_empty_outbox_has_no_lag(database: Database) -> None:
    with database.read() as session:
        assert stats.outbox_lag(session) == OutboxLag(0, 0.0)


def test_open_dead_letters_are_counted_by_topic(database: Database) -> None:
    with database.transaction() as session:
        for topic, closed in (("a", False), ("a", False), ("b", False), ("b", True)):
            record = Record(Partition(topic, 0), 1, "k", "e", b"")
            dead = dead_letters.park(session, record, ValueError("no"), group="g", tries=1, now_ms=1)
            session.flush()
            if closed:
                dead_letters.dismiss(session, dead, now_ms=2)
    with database.read() as session:
        assert stats.dead_letters(session) == {"a": 2, "b": 1}


def test_positions_are_those_of_the_group(database: Database) -> None:
    with database.transaction() as session:
        for group, at in (("gate", 5), ("audit", 2)):
            positions.position(session, group, "cases", "id", 1)
            positions.move(session, group, "id", 1, expected=0, to=at, now_ms=1)
    with database.read() as session:
        assert stats.positions(session, "gate") == {("cases", 1): 5}
        assert stats.positions(session, "nobody") == {}
