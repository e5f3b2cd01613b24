"""Jobs: inserted once, claimed by one, renewed, recorded only by the holder, tried again, given back, cancelled."""

import errno
import threading
from time import sleep

import pytest
from sqlalchemy import update
from sqlmodel import Session

from moderation.bus import job_pool, job_queue
from moderation.bus.backoff import Backoff
from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import Effect, GiveUp, Job, JobRow, JobState, Lease, insert_job, no_effect
from moderation.store import Database, now_ms
from tests.support.jobs import Handler, add, claim, expire_leases, note, noted, pool, rows


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


def test_an_outage_does_not_count_as_an_attempt_however_often_it_comes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pool, "OUTAGE_MS", 0)
    add(database, max_attempts=2)
    disk = iter([True] * 5 + [False])

    def store(job: Job, lease: Lease) -> Effect:
        if next(disk):
            raise OSError(errno.ENOSPC, "No space left on device")
        return note("stored")

    worker = pool(database, Handler(store))
    assert [worker.run_once() for _ in range(6)] == [1] * 6
    assert noted(database) == ["stored"]
    assert rows(database)[0].attempts == 1


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
