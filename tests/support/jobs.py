"""Jobs for the bus tests: put in, claimed, and handled by a function of the test's own."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from moderation.bus import job_queue
from moderation.bus.backoff import Backoff
from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import Effect, Job, JobRow, Lease, insert_job
from moderation.store import Database, now_ms

LEASE = {"work": 60_000}
AT_ONCE = Backoff(first_ms=0, cap_ms=0, jitter=lambda: 0.0)


def add(database: Database, subject: str = "gen_1", dedupe_key: str | None = None, **more: Any) -> str | None:
    """Insert a job in a transaction of its own."""
    with database.transaction() as session:
        more.setdefault("kind", "work")
        more.setdefault("payload", {"n": 1})
        return insert_job(session, subject_id=subject, now_ms=now_ms(session), dedupe_key=dedupe_key, **more)


def claim(database: Database, limit: int = 1, holder: str = "me", lease_ms: int = 60_000) -> tuple[Job, ...]:
    """Claim jobs of kind `work`."""
    with database.transaction() as session:
        return job_queue.claim(session, {"work": lease_ms}, holder=holder, limit=limit)


def rows(database: Database) -> list[JobRow]:
    """All jobs in the order of insertion."""
    with database.read() as session:
        return list(session.exec(select(JobRow).order_by(col(JobRow.sequence))))


def expire_leases(database: Database) -> None:
    """Let every lease run out."""
    with database.transaction() as session:
        session.execute(update(JobRow).values(lease_until_ms=1))


def note(word: str) -> Effect:
    """An effect that leaves a row which only this effect makes."""

    def effect(session: Session) -> None:
        insert_job(session, kind="effect", subject_id=word, payload={}, now_ms=1, dedupe_key=None)

    return effect


def noted(database: Database) -> list[str]:
    """The words that effects left."""
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
    """A pool that retries at once."""
    return JobPool(database, [handler], backoff=AT_ONCE, poll_s=0.02, **more)
