"""The pool of threads that runs jobs: heartbeats, cancelling, shutting down, waking up, claiming no more than it can do."""

import threading
from collections.abc import Sequence
from time import monotonic, sleep

import pytest
from psycopg.errors import AdminShutdown
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from moderation.bus import job_queue
from moderation.bus.job_outcome import Outcome
from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import Effect, GiveUp, Job, JobState, Lease, no_effect
from moderation.store import Database
from tests.support.jobs import Handler, add, claim, note, noted, pool, rows


def test_a_heartbeat_keeps_a_slow_job(database: Database) -> None:
    add(database)
    stop = threading.Event()
    lost: list[bool] = []

    def slow(job: Job, lease: Lease) -> Effect:
        sleep(1.2)
        lost.append(lease.lost)
        stop.set()
        return note("slow")

    pool(database, Handler(slow, lease_s=0.4), threads=2).run(stop)
    assert noted(database) == ["slow"]
    assert lost == [False]
    assert rows(database)[0].attempts == 1


@pytest.mark.parametrize("taken", [False, True], ids=["nobody_took_it", "another_took_it"])
def test_an_outcome_that_waited_for_the_database_past_its_lease_counts_if_nobody_took_the_job(
    database: Database, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    add(database)
    worker = pool(database, Handler(lambda job, lease: note("done"), lease_s=0.1))
    persist, away_until = worker._persist, monotonic() + 0.4

    def persist_when_back(outcomes: Sequence[Outcome]) -> None:
        if monotonic() < away_until:
            raise OperationalError("UPDATE job", {}, AdminShutdown())
        if taken:
            assert claim(database, holder="other")
        persist(outcomes)

    monkeypatch.setattr(worker, "_persist", persist_when_back)
    assert worker.run_once() == 1
    assert noted(database) == ([] if taken else ["done"])
    assert rows(database)[0].attempts == 1, "the attempt that was too late was not cut off by a death"


def test_a_cancelled_job_sees_its_lease_lost_and_leaves_nothing(database: Database) -> None:
    add(database)
    add(database)
    stop, started = threading.Event(), threading.Event()
    saw_loss: list[bool] = []

    def slow(job: Job, lease: Lease) -> Effect:
        started.set()
        for _ in range(200):
            if lease.lost:
                break
            sleep(0.02)
        saw_loss.append(lease.lost)
        stop.set()
        return note("cancelled all the same")

    runner = threading.Thread(target=pool(database, Handler(slow, lease_s=0.3)).run, args=(stop,))
    runner.start()
    assert started.wait(10)
    with database.transaction() as session:
        assert job_queue.cancel_jobs(session, subject_id="gen_1", kinds=["work"]) == 2
    runner.join()
    assert saw_loss == [True]
    assert noted(database) == []
    assert {row.state for row in rows(database)} == {JobState.CANCELLED}


def test_a_shutdown_lets_the_running_job_finish_and_returns_the_rest_unspent(database: Database) -> None:
    for n in range(3):
        add(database, subject=f"gen_{n}")
    stop = threading.Event()

    def run(job: Job, lease: Lease) -> Effect:
        stop.set()
        return note(job.subject_id)

    pool(database, Handler(run), batch=3).run(stop)
    assert noted(database) == ["gen_0"]
    assert [(row.state, row.attempts) for row in rows(database)[:3]] == [
        ("done", 1),
        ("ready", 0),
        ("ready", 0),
    ]


def test_a_shutdown_gives_back_what_does_not_finish_in_time(database: Database) -> None:
    add(database)
    stop, released = threading.Event(), threading.Event()

    def stuck(job: Job, lease: Lease) -> Effect:
        stop.set()
        released.wait(10)
        return note("too late")

    pool(database, Handler(stuck), grace_s=0.1).run(stop)
    assert rows(database)[0].state == JobState.READY
    released.set()
    assert pool(database, Handler(lambda job, lease: note("second"))).run_once() == 1
    sleep(0.1)
    assert noted(database) == ["second"]


def test_a_new_job_wakes_an_idle_pool_of_the_same_process(database: Database) -> None:
    stop, ran = threading.Event(), threading.Event()

    def run(job: Job, lease: Lease) -> Effect:
        ran.set()
        return no_effect

    worker = JobPool(database, [Handler(run)], poll_s=30)
    runner = threading.Thread(target=worker.run, args=(stop,))
    runner.start()
    sleep(0.2)
    add(database)
    assert ran.wait(5), "the pool polls every 30 s: only the bell can have woken it in time"
    stop.set()
    add(database)  # wakes it to see the stop
    runner.join()


def test_many_threads_run_each_job_once(database: Database) -> None:
    for n in range(120):
        add(database, subject=f"gen_{n}")
    ran: list[str] = []
    stop = threading.Event()

    def run(job: Job, lease: Lease) -> Effect:
        ran.append(job.subject_id)
        return note(job.subject_id)

    runner = threading.Thread(target=pool(database, Handler(run), threads=4, batch=5).run, args=(stop,))
    runner.start()
    while len(noted(database)) < 120:
        sleep(0.05)
    stop.set()
    runner.join()
    assert len(ran) == len(set(ran)) == 120


def test_the_backlog_counts_waiting_and_running_jobs(database: Database) -> None:
    for _ in range(3):
        add(database)
    claim(database)
    add(database, kind="other")
    with database.read() as session:
        assert job_queue.backlog(session, ["work"]) == 3
        assert job_queue.backlog(session, ["work", "other"]) == 4


def test_purging_forgets_finished_jobs_and_keeps_failed_ones(database: Database) -> None:
    add(database)
    add(database, subject="fails")
    add(database, subject="waits", run_after_ms=2**50)

    def run(job: Job, lease: Lease) -> Effect:
        if job.subject_id == "fails":
            raise GiveUp("no")
        return no_effect

    pool(database, Handler(run, exhausted=no_effect), batch=2).run_once()
    with database.transaction() as session:
        assert job_queue.purge_finished(session, before_ms=2**50) == 1
    assert [row.subject_id for row in rows(database)] == ["fails", "waits"]


def test_a_claim_uses_the_index_however_many_jobs_are_done(sqlite_database: Database) -> None:
    with sqlite_database.read() as session:
        plan = session.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT sequence FROM job WHERE kind = 'work' AND state = 'ready' "
                "AND run_after_ms <= 5 ORDER BY run_after_ms, sequence LIMIT 1"
            )
        ).all()
    assert "ix_job_claim" in str(plan)
    assert "TEMP B-TREE" not in str(plan)


def test_a_thread_claims_no_more_slow_jobs_than_it_can_soon_begin(sqlite_database: Database) -> None:
    def run(job: Job, lease: Lease) -> Effect:
        sleep(0.03)
        return no_effect

    for number in range(12):
        add(sqlite_database, f"gen_{number}")
    working = pool(sqlite_database, Handler(run), batch=6)
    assert [working.run_once() for _ in range(3)] == [6, 1, 1]


def test_a_thread_that_finds_jobs_fast_again_claims_many_again(sqlite_database: Database) -> None:
    slow = [0.2]

    def run(job: Job, lease: Lease) -> Effect:
        sleep(slow.pop() if slow else 0)
        return no_effect

    for number in range(12):
        add(sqlite_database, f"gen_{number}")
    working = pool(sqlite_database, Handler(run), batch=4)
    assert [working.run_once() for _ in range(3)] == [4, 1, 4]
