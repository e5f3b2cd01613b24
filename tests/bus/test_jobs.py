"""Jobs: inserted once, claimed by one, renewed, recorded only by the holder, tried again, given back, cancelled."""

import threading
from collections.abc import Callable
from time import sleep
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, col, select

from moderation.bus import job_queue
from moderation.bus.backoff import Backoff
from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import Effect, GiveUp, Job, JobRow, JobState, Lease, insert_job, no_effect
from moderation.store import Database, now_ms

LEASE = {"work": 60_000}
AT_ONCE = Backoff(first_ms=0, cap_ms=0, jitter=lambda: 0.0)


def add(database: Database, subject: str = "gen_1", dedupe_key: str | None = None, **more: Any) -> str | None:
    with database.transaction() as session:
        more.setdefault("kind", "work")
        more.setdefault("payload", {"n": 1})
        return insert_job(session, subject_id=subject, now_ms=now_ms(session), dedupe_key=dedupe_key, **more)


def claim(database: Database, limit: int = 1, holder: str = "me", lease_ms: int = 60_000) -> tuple[Job, ...]:
    with database.transaction() as session:
        return job_queue.claim(session, {"work": lease_ms}, holder=holder, limit=limit)


def rows(database: Database) -> list[JobRow]:
    with database.read() as session:
        return list(session.exec(select(JobRow).order_by(col(JobRow.sequence))))


def expire_leases(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(JobRow).values(lease_until_ms=1))


def note(word: str) -> Effect:
    """An effect that leaves a row which only this effect makes."""

    def effect(session: Session) -> None:
        insert_job(session, kind="effect", subject_id=word, payload={}, now_ms=1, dedupe_key=None)

    return effect


def noted(database: Database) -> list[str]:
    return [row.subject_id for row in rows(database) if row.kind == "effect"]


class Handler:
    """Runs the function it is given."""

    kind = "work"

    def __init__(
        self, run: Callable[[Job, Lease], Effect], lease_s: float = 60, exhausted: Effect | None = None
    ) -> None:
        self._run, self.lease_s = run, lease_s
        self._exhausted = exhausted or note("exhausted")

    def run(self, job: Job, lease: Lease) -> Effect:
        return self._run(job, lease)

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        return self._exhausted


def pool(database: Database, handler: Handler, **more: Any) -> JobPool:
    return JobPool(database, [handler], backoff=AT_ONCE, poll_s=0.02, **more)


def test_a_job_is_handed_out_as_it_was_put_in(database: Database) -> None:
    job_id = add(database, payload={"prompt": "a füßchen", "n": [1, 2.5, None]})
    (job,) = claim(database)
    assert (job.id, job.kind, job.subject_id, job.attempt) == (job_id, "work", "gen_1", 1)
    assert job.payload == {"prompt": "a füßchen", "n": [1, 2.5, None]}
    assert claim(database) == ()


def test_a_dedupe_key_lets_a_job_in_once_even_after_it_is_done(database: Database) -> None:
    assert add(database, dedupe_key="evt_1") is not None
    assert pool(database, Handler(lambda job, lease: no_effect)).run_once() == 1
    assert add(database, dedupe_key="evt_1") is None
    assert add(database, dedupe_key="evt_1", kind="other") is not None
    assert add(database) is not None
    assert add(database) is not None


def test_jobs_come_out_in_the_order_they_fell_due(database: Database) -> None:
    ids = [add(database, subject=f"gen_{n}") for n in range(5)]
    assert [job.id for job in claim(database, limit=3)] == ids[:3]
    assert [job.id for job in claim(database, limit=3)] == ids[3:]


def test_a_job_for_later_waits(database: Database) -> None:
    with database.read() as session:
        later = now_ms(session) + 150
    add(database, run_after_ms=later)
    assert claim(database) == ()
    sleep(0.2)
    assert len(claim(database)) == 1


def test_a_job_that_rolls_back_with_its_transaction_never_was(database: Database) -> None:
    with database.read() as session:
        insert_job(session, kind="work", subject_id="x", payload={}, now_ms=1, dedupe_key=None)
    assert claim(database) == ()


def test_a_lease_that_ran_out_lets_another_worker_in_with_a_higher_token(database: Database) -> None:
    add(database)
    (first,) = claim(database)
    expire_leases(database)
    (second,) = claim(database, holder="other")
    assert second.id == first.id
    assert second.token > first.token
    assert second.attempt == 2


def test_a_zombies_result_is_dropped_and_the_new_holders_counts(database: Database) -> None:
    add(database)
    frozen = threading.Event()
    woken = threading.Event()

    def slow(job: Job, lease: Lease) -> Effect:
        frozen.set()
        woken.wait(10)
        return note("zombie")

    zombie = threading.Thread(target=lambda: pool(database, Handler(slow)).run_once())
    zombie.start()
    assert frozen.wait(10)
    expire_leases(database)
    assert pool(database, Handler(lambda job, lease: note("holder"))).run_once() == 1
    woken.set()
    zombie.join()
    assert noted(database) == ["holder"]
    assert rows(database)[0].state == JobState.DONE


def test_every_step_of_a_stale_token_changes_nothing(database: Database) -> None:
    add(database)
    (stale,) = claim(database)
    expire_leases(database)
    claim(database)
    before = rows(database)[0].model_dump()
    with database.transaction() as session:
        assert not job_queue.renew(session, stale, 1000)
        assert job_queue.finish(session, [stale], JobState.DONE, {stale.id: "x"}) == frozenset()
        assert not job_queue.try_again(session, stale, delay_ms=0, error="x")
        assert not job_queue.give_back(session, stale, started=True)
    assert rows(database)[0].model_dump() == before


def test_an_effect_commits_with_its_completion_or_not_at_all(database: Database) -> None:
    add(database, max_attempts=2)

    def half(session: Session) -> None:
        note("half")(session)
        raise ValueError("cannot be written")

    worker = pool(database, Handler(lambda job, lease: half))
    assert worker.run_once() == 1
    assert noted(database) == []
    assert rows(database)[0].state == JobState.READY
    assert worker.run_once() == 1
    assert noted(database) == ["exhausted"]
    assert rows(database)[0].state == JobState.FAILED


def test_one_bad_effect_of_a_batch_does_not_take_the_others_with_it(database: Database) -> None:
    for n in range(5):
        add(database, subject=f"gen_{n}", max_attempts=1)

    def run(job: Job, lease: Lease) -> Effect:
        def bad(session: Session) -> None:
            raise ValueError("gen_2")

        return bad if job.subject_id == "gen_2" else note(job.subject_id)

    assert pool(database, Handler(run), batch=10).run_once() == 5
    assert sorted(noted(database)) == ["exhausted", "gen_0", "gen_1", "gen_3", "gen_4"]


def test_a_failing_job_is_tried_again_after_a_backoff_and_then_exhausted_once(database: Database) -> None:
    add(database, max_attempts=3)
    attempts: list[int] = []

    def fail(job: Job, lease: Lease) -> Effect:
        attempts.append(job.attempt)
        raise RuntimeError("model fell over")

    worker = JobPool(database, [Handler(fail)], backoff=Backoff(first_ms=100, jitter=lambda: 1.0))
    assert worker.run_once() == 1
    assert worker.run_once() == 0
    while rows(database)[0].state != JobState.FAILED:
        sleep(0.02)
        worker.run_once()
    assert attempts == [1, 2, 3]
    assert noted(database) == ["exhausted"]
    assert rows(database)[0].last_error == "RuntimeError: model fell over"


def test_giving_up_skips_the_remaining_attempts(database: Database) -> None:
    add(database)

    def refuse(job: Job, lease: Lease) -> Effect:
        raise GiveUp("hostile file")

    assert pool(database, Handler(refuse)).run_once() == 1
    assert rows(database)[0].state == JobState.FAILED
    assert noted(database) == ["exhausted"]


def test_a_job_that_kills_its_worker_every_time_is_exhausted_without_being_run_again(
    database: Database,
) -> None:
    add(database, max_attempts=2)
    for _ in range(2):
        claim(database)
        expire_leases(database)
    ran: list[Job] = []

    def run(job: Job, lease: Lease) -> Effect:
        ran.append(job)
        return no_effect

    pool(database, Handler(run)).run_once()
    assert ran == []
    assert noted(database) == ["exhausted"]


def test_an_exhausted_effect_that_fails_is_tried_until_it_is_written(database: Database) -> None:
    add(database, max_attempts=1)
    fails = [True]

    def exhausted(session: Session) -> None:
        if fails.pop():
            fails.append(False)
            raise ValueError("not yet")
        note("told")(session)

    def fail(job: Job, lease: Lease) -> Effect:
        raise RuntimeError("no")

    worker = pool(database, Handler(fail, exhausted=exhausted))
    worker.run_once()
    assert rows(database)[0].state == JobState.READY
    worker.run_once()
    assert noted(database) == ["told"]


def test_serial_jobs_of_a_subject_run_one_at_a_time_in_order_across_kinds(database: Database) -> None:
    first, second = add(database, serial=True), add(database, serial=True)
    other = add(database, subject="gen_2", serial=True)
    loose = add(database)
    got = claim(database, limit=10)
    assert [job.id for job in got] == [first, other, loose]
    assert claim(database) == ()
    with database.transaction() as session:
        job_queue.try_again(session, got[0], delay_ms=60_000, error="later")
    assert claim(database) == (), "the second must not overtake the first, which waits for its retry"
    with database.transaction() as session:
        session.execute(update(JobRow).values(run_after_ms=0))
    (again,) = claim(database)
    with database.transaction() as session:
        job_queue.finish(session, [again], JobState.DONE)
    assert [job.id for job in claim(database)] == [second]


def test_two_running_serial_jobs_of_one_subject_cannot_exist(database: Database) -> None:
    add(database, serial=True)
    add(database, serial=True)
    with pytest.raises(Exception, match=r"(?i)unique"), database.transaction() as session:
        session.execute(update(JobRow).values(state="running"))


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
