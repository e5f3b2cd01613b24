"""Jobs that a handler runs together: one commit for all that are still held, and whatever fails is run alone."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from time import sleep

import pytest
from sqlmodel import Session

from moderation.bus import faultpoints, job_queue
from moderation.bus.faultpoints import VARIABLE
from moderation.bus.jobs import Effect, Job, JobState, Lease, Together
from moderation.store import Database
from tests.support.jobs import Handler, add, note, noted, pool, rows
from tests.support.statements import counted


class Crowd(Handler):
    """Runs all but `alone` together; `spoilt` says of a batch whether looking at it or committing it fails."""

    def __init__(
        self,
        *alone: str,
        looks: Callable[[Sequence[Job]], object] = len,
        writes: Callable[[Sequence[str]], object] = len,
    ) -> None:
        super().__init__(self.by_itself)
        self._alone, self._looks, self._writes = alone, looks, writes
        self.batches: list[list[str]] = []
        self.singles: list[str] = []

    def by_itself(self, job: Job, lease: Lease) -> Effect:
        self.singles.append(job.subject_id)
        self._looks([job])
        self._writes([job.subject_id])
        return note(f"alone {job.subject_id}")

    def run_many(self, jobs: Sequence[Job]) -> Together:
        mine = [job for job in jobs if job.subject_id not in self._alone]
        self.batches.append([job.subject_id for job in mine])
        self._looks(jobs)

        def effect(session: Session, ended: frozenset[str]) -> None:
            for job in mine:
                if job.id in ended:
                    note(job.subject_id)(session)
            self._writes([job.subject_id for job in mine])

        return Together(mine, effect)


def refuses(culprit: str) -> Callable[[Sequence[Job]], None]:
    """Fails on every batch with this subject."""

    def look(jobs: Sequence[Job]) -> None:
        if any(job.subject_id == culprit for job in jobs):
            raise ValueError(culprit)

    return look


def cannot_write(culprit: str) -> Callable[[Sequence[str]], None]:
    def write(subjects: Sequence[str]) -> None:
        if culprit in subjects:
            raise ValueError(culprit)

    return write


def added(database: Database, count: int) -> list[str]:
    subjects = [f"gen_{number}" for number in range(count)]
    for subject in subjects:
        add(database, subject)
    return subjects


def test_jobs_are_run_and_committed_together_in_their_order(database: Database) -> None:
    subjects = added(database, 5)
    crowd = Crowd()
    assert pool(database, crowd, batch=10).run_once() == 5
    assert (crowd.batches, crowd.singles) == ([subjects], [])
    assert noted(database) == subjects
    assert [row.state for row in rows(database)[:5]] == ["done"] * 5


def test_a_batch_of_any_size_is_completed_with_the_same_statements(database: Database) -> None:
    taken = []
    for size in (2, 30):
        for number in range(size):
            add(database, f"gen_{size}_{number}")
        silent = Crowd()
        silent.run_many = lambda jobs: Together(jobs, lambda _session, _ended: None)  # type: ignore[method-assign]  # writes nothing
        with counted(database) as statements:
            pool(database, silent, batch=50).run_once()
        taken.append(len(statements))
    assert taken[0] == taken[1]


def test_what_is_left_out_is_run_alone_after_the_others(database: Database) -> None:
    added(database, 4)
    crowd = Crowd("gen_1", "gen_2")
    pool(database, crowd, batch=10).run_once()
    assert noted(database) == ["gen_0", "gen_3", "alone gen_1", "alone gen_2"]


@pytest.mark.parametrize(
    "crowd", [Crowd(looks=refuses("gen_2")), Crowd(writes=cannot_write("gen_2"))], ids=["looking", "writing"]
)
def test_the_culprit_of_a_batch_is_found_by_running_each_alone(database: Database, crowd: Crowd) -> None:
    crowd.batches, crowd.singles = [], []
    added(database, 5)
    working = pool(database, crowd, batch=10)
    for _ in range(20):
        working.run_once()
    assert noted(database) == [f"alone gen_{number}" for number in (0, 1, 3, 4)] + ["exhausted"]
    assert [row.state for row in rows(database)[:5]] == ["done", "done", "failed", "done", "done"]
    assert crowd.singles.count("gen_2") == 5


def test_a_job_that_was_tried_before_is_run_alone(database: Database) -> None:
    added(database, 3)
    with database.transaction() as session:
        (first, *_) = job_queue.claim(session, {"work": 60_000}, holder="dead", limit=1)
        job_queue.give_back(session, first, started=True)
    crowd = Crowd()
    pool(database, crowd, batch=10).run_once()
    assert crowd.singles == ["gen_0"], "it may be what killed its worker"
    assert crowd.batches == [["gen_1", "gen_2"]]


def test_a_job_that_was_cancelled_meanwhile_has_no_part_in_the_effect(database: Database) -> None:
    added(database, 3)

    def cancel(_jobs: Sequence[Job]) -> None:
        with database.transaction() as session:
            job_queue.cancel_jobs(session, subject_id="gen_1", kinds=["work"])

    pool(database, Crowd(looks=cancel), batch=10).run_once()
    assert noted(database) == ["gen_0", "gen_2"]
    assert [row.state for row in rows(database)[:3]] == ["done", "cancelled", "done"]


def test_one_job_is_run_as_ever(database: Database) -> None:
    added(database, 1)
    crowd = Crowd()
    pool(database, crowd, batch=10).run_once()
    assert (crowd.batches, crowd.singles) == ([], ["gen_0"])


def test_what_would_wait_long_behind_a_slow_one_is_given_back_unspent(database: Database) -> None:
    added(database, 4)
    crowd = Crowd("gen_0", "gen_1", "gen_2", writes=lambda subjects: sleep(0.1))
    pool(database, crowd, batch=10).run_once()
    assert noted(database) == ["gen_3", "alone gen_0"]
    assert [(row.state, row.attempts) for row in rows(database)[:4]] == [
        ("done", 1), ("ready", 0), ("ready", 0), ("done", 1)]  # fmt: skip


def test_a_fault_before_the_commit_leaves_nothing_of_the_batch(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects = added(database, 3)
    monkeypatch.setattr(faultpoints, "_reached", Counter())
    monkeypatch.setenv(VARIABLE, "fail:job.before_commit@work")
    crowd = Crowd()
    pool(database, crowd, batch=10).run_once(threading.Event())
    assert noted(database) == [f"alone {subject}" for subject in subjects]
    assert {row.state for row in rows(database)[:3]} == {JobState.DONE}
