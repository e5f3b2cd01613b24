"""Threads that claim jobs, run them outside any transaction, and commit each result together with its job's completion.

With `batch` above 1 a thread claims several small jobs at once and commits their results in one transaction; it claims no more
than it lately finished in `FLUSH_S`, so slow jobs are claimed one at a time. A shutdown finishes what runs or, after
`grace_s`, gives it back.
"""

import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from time import monotonic, sleep

import structlog
from sqlalchemy.exc import IntegrityError

from moderation import traces
from moderation.bus import job_queue
from moderation.bus.backoff import Backoff
from moderation.bus.faultpoints import reach
from moderation.bus.holdings import Holdings
from moderation.bus.job_outcome import Outcome, record, record_together
from moderation.bus.jobs import GiveUp, Job, JobHandler, JobState, Lease, Together, TooManyAttempts, bell
from moderation.bus.transient import is_transient
from moderation.store import Database

log = structlog.get_logger(__name__)
RunMany = Callable[[Sequence[Job]], Together]
FLUSH_S = 0.05  # results of a batch wait at most this long for each other
TOGETHER_S = 5.0  # as long may a batch take that is run together
AGAIN_MS = 1_000
"""Between two attempts to write down an outcome, at most: when the database is back, others look for the job, too."""
OUTAGE_MS = 2_000
"""Before a job that met an outage (`is_transient`) is begun again: such an attempt does not count, so no backoff grows."""


class JobPool:
    """Runs the jobs of `handlers` on `threads` threads.

    Up to `batch` jobs are claimed together; `poll_s` is how long an idle thread waits for work of another process; `grace_s` how
    long a shutdown waits for running jobs before it gives their leases back.
    """

    def __init__(
        self,
        database: Database,
        handlers: Sequence[JobHandler],
        *,
        threads: int = 1,
        batch: int = 1,
        backoff: Backoff | None = None,
        poll_s: float = 0.2,
        grace_s: float = 20.0,
    ) -> None:
        self._database = database
        self._handlers = {handler.kind: handler for handler in handlers}
        self._lease_ms = {handler.kind: int(handler.lease_s * 1000) for handler in handlers}
        self._holdings = Holdings(database, self._lease_ms)
        self._bells = [bell(kind) for kind in self._handlers]
        self._threads, self._batch, self._poll_s, self._grace_s = threads, batch, poll_s, grace_s
        self._backoff = backoff or Backoff()
        self._job_s = 0.0  # what a job took in the last batch of any thread
        self._holder = f"{os.getpid()}:{secrets.token_hex(4)}"
        self.name = "jobs:" + "+".join(self._handlers)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then finish or give back; returns when nothing is held any more."""
        ended = threading.Event()
        heart = _thread(f"{self.name}:heartbeat", self._holdings.beat, ended)
        workers = [_thread(f"{self.name}:{n}", self._work, stop) for n in range(self._threads)]
        stop.wait()
        deadline = monotonic() + self._grace_s
        for worker in workers:
            worker.join(max(0.0, deadline - monotonic()))
        ended.set()
        heart.join()
        self._holdings.give_back_all()

    def run_once(self, stop: threading.Event | None = None) -> int:
        """Claim one batch, run it and commit, on this thread; how many jobs were claimed."""
        held = [(job, self._holdings.hold(job)) for job in self._claim()]
        pending: list[Outcome] = []
        started = began = monotonic()
        for job, lease in self._alone_after_together(held):
            if stop is not None and stop.is_set():
                self._holdings.give_back(job, lease, started=False)
                continue
            pending.append(self._attempt(job, lease))
            if monotonic() - began > FLUSH_S:
                self._commit(pending)
                pending, began = [], monotonic()
        self._commit(pending)
        if held:
            self._job_s = (monotonic() - started) / len(held)
        return len(held)

    def _alone_after_together(self, held: Sequence[tuple[Job, Lease]]) -> Iterator[tuple[Job, Lease]]:
        """First run together what can be; then the rest, one by one. What of a large batch must wait longer is given back."""
        done = self._run_together([job for job, _ in held])
        left = [(job, lease) for job, lease in held if job.id not in done]
        began = monotonic()
        for number, (job, lease) in enumerate(left):
            if number and monotonic() - began > FLUSH_S and self._batches(job.kind):
                self._holdings.give_back(job, lease, started=False)
            else:
                yield job, lease

    def _run_together(self, jobs: Sequence[Job]) -> frozenset[str]:
        """Run and commit at once what the handlers can; the ids of those jobs. What fails is run alone, to find the culprit."""
        done: set[str] = set()
        for kind in self._handlers:
            run_many = self._batches(kind)
            first = [job for job in jobs if job.kind == kind and job.attempt == 1]
            if run_many is None or len(first) < 2:
                continue
            try:
                about = [(job.subject_id, traces.read(job.payload)) for job in first]
                with traces.batch(f"jobs {kind}", about, each=f"job {kind}", jobs=len(first)):
                    together = run_many(first)
                    self._persist_together(together)
            except Exception as error:
                log.warning("batch_run_alone", kind=kind, jobs=len(first), error=type(error).__name__)
                continue
            for job in together.jobs:
                self._holdings.release(job)
            done.update(job.id for job in together.jobs)
        return frozenset(done)

    def _batches(self, kind: str) -> RunMany | None:
        many: RunMany | None = getattr(self._handlers[kind], "run_many", None)
        return many

    def _persist_together(self, together: Together) -> None:
        if not together.jobs:
            return
        with self._database.transaction() as session:
            record_together(session, together)
            reach("job.before_commit", together.jobs[0].kind)
        reach("job.after_commit", together.jobs[0].kind)

    def _work(self, stop: threading.Event) -> None:
        busy = False  # an idle thread looks before it takes the write lock for a claim
        while not stop.is_set():
            seen = self._database.bells.count(self._bells)
            try:
                busy = (busy or self._due()) and self.run_once(stop) > 0
                if not busy:
                    self._database.bells.wait(self._bells, seen, self._poll_s)
            except Exception as error:
                log.warning("job_thread_failed", pool=self.name, error=type(error).__name__)
                stop.wait(1.0)

    def _due(self) -> bool:
        with self._database.read() as session:
            return job_queue.has_due(session, self._lease_ms)

    def _claim(self) -> tuple[Job, ...]:
        try:
            with self._database.transaction() as session:
                return job_queue.claim(session, self._lease_ms, holder=self._holder, limit=self._limit())
        except (
            IntegrityError
        ):  # another worker began a serial job of the same subject between our look and our claim
            return ()

    def _limit(self) -> int:
        """As many as would take `FLUSH_S` at the last pace, or `TOGETHER_S` where they are run together: a thread must not sit on
        work that another could begin."""
        most_s = TOGETHER_S if any(map(self._batches, self._handlers)) else FLUSH_S
        return max(1, min(self._batch, int(most_s / max(self._job_s, most_s / self._batch))))

    def _attempt(self, job: Job, lease: Lease) -> Outcome:
        if job.attempt > job.max_attempts:
            return self._exhausted(
                job, lease, TooManyAttempts(f"{job.kind}: {job.max_attempts} attempts were cut off")
            )
        try:
            with _span(job):
                effect = self._handlers[job.kind].run(job, lease)
                return Outcome(job, lease, JobState.DONE, traces.keep(f"commit {job.kind}", effect))
        except Exception as error:
            return self._failed(job, lease, error)

    def _failed(self, job: Job, lease: Lease, error: Exception) -> Outcome:
        log.warning("job_failed", kind=job.kind, job=job.id, attempt=job.attempt, error=type(error).__name__)
        if isinstance(error, GiveUp) or (job.attempt >= job.max_attempts and not is_transient(error)):
            return self._exhausted(job, lease, error)
        return self._again(job, lease, error)

    def _exhausted(self, job: Job, lease: Lease, error: Exception) -> Outcome:
        try:
            with _span(job):
                effect = traces.keep(f"give up {job.kind}", self._handlers[job.kind].on_exhausted(job, error))
        except Exception as second:  # it must be said that the job failed: try again until it can be
            return self._again(job, lease, second)
        return Outcome(job, lease, JobState.FAILED, effect, error=_text(error))

    def _again(self, job: Job, lease: Lease, error: Exception) -> Outcome:
        outage = is_transient(error)
        delay = OUTAGE_MS if outage else self._backoff.delay_ms(job.attempt)
        return Outcome(job, lease, JobState.READY, delay_ms=delay, error=_text(error), counted=not outage)

    def _commit(self, outcomes: Sequence[Outcome]) -> None:
        """Record the outcomes in one transaction; when it fails, one by one, so that only the culprit is tried again."""
        if not outcomes:
            return
        try:
            self._persist(outcomes)
        except Exception as error:
            if len(outcomes) == 1:
                self._commit_alone(outcomes[0], error)
            else:
                for outcome in outcomes:
                    self._commit([outcome])
        for outcome in outcomes:
            self._holdings.release(outcome.job)

    def _commit_alone(self, outcome: Outcome, error: Exception) -> None:
        """Wait out a database that does not answer, also past the end of the lease: the token decides whether it still counts.
        Any other error makes this a failed attempt; if even that cannot be written, the lease runs out and it is run again."""
        job, lease, tries = outcome.job, outcome.lease, 0
        while not (lease.taken if is_transient(error) else lease.lost):
            tries += 1
            if is_transient(error) or tries > 1:
                sleep(min(AGAIN_MS, self._backoff.delay_ms(tries)) / 1000)
            if is_transient(error):
                pass  # the same outcome again
            elif outcome.state is JobState.DONE:
                outcome = self._failed(job, lease, error)
            else:
                outcome = self._again(job, lease, error)
            try:
                return self._persist([outcome])
            except Exception as next_error:
                error = next_error
        log.error("job_outcome_not_recorded", kind=job.kind, job=job.id, error=type(error).__name__)
        return None

    def _persist(self, outcomes: Sequence[Outcome]) -> None:
        with self._database.transaction() as session:
            record(session, outcomes)
            for outcome in outcomes:
                reach("job.before_commit", outcome.job.kind)
        for outcome in outcomes:
            reach("job.after_commit", outcome.job.kind)


def _thread(name: str, target: Callable[[threading.Event], None], event: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=target, args=(event,), name=name, daemon=True)
    thread.start()
    return thread


def _span(job: Job) -> AbstractContextManager[object]:
    return traces.span(
        f"job {job.kind}", parent=traces.read(job.payload), subject_id=job.subject_id, attempt=job.attempt
    )


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
