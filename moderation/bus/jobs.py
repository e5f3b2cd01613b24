"""Long work as rows: a consumer's transaction inserts a job, a worker claims it by lease, and its result commits once.

No transaction spans inference, generation, encoding or the network. A killed job may run twice; its effect is recorded
only while its fencing token is current. `job_queue` holds the steps of a job's life, `job_pool` the threads.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any, Protocol

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel

from moderation import traces
from moderation.bells import ring_after_commit
from moderation.bulk import insert_rows
from moderation.bus.columns import SERIAL
from moderation.ids import new_id


class JobState(StrEnum):
    """`ready` waits (or waits again), `running` is leased, the others are final."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobRow(SQLModel, table=True):
    """One job. Times are milliseconds since the epoch; `token` grows with every claim and every return."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "dedupe_key"),
        Index("ix_job_claim", "kind", "state", "run_after_ms", "sequence"),
        Index(
            "ix_job_one_running_per_subject",
            "subject_id",
            unique=True,
            sqlite_where=text("serial AND state = 'running'"),
            postgresql_where=text("serial AND state = 'running'"),
        ),
        Index("ix_job_subject", "subject_id"),
    )
    sequence: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    id: str = Field(unique=True)
    kind: str
    subject_id: str
    serial: bool = False
    payload: dict[str, Any] = Field(sa_type=JSON)
    dedupe_key: str | None = None
    state: str = JobState.READY.value
    attempts: int = 0
    max_attempts: int = 5
    run_after_ms: int = Field(default=0, sa_type=BigInteger)
    token: int = Field(default=0, sa_type=BigInteger)
    holder: str = ""
    lease_until_ms: int = Field(default=0, sa_type=BigInteger)
    created_ms: int = Field(sa_type=BigInteger)
    finished_ms: int | None = Field(default=None, sa_type=BigInteger)
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job as its handler sees it. `attempt` counts from 1; `token` is the fencing token of this claim."""

    id: str
    kind: str
    subject_id: str
    payload: Mapping[str, Any]
    attempt: int
    max_attempts: int
    created_ms: int
    token: int


Effect = Callable[[Session], None]
"""What a job changes; runs in the one transaction that completes the job. May run again after a rollback: no side effects
outside the session."""


def no_effect(session: Session) -> None:
    """Nothing to record."""


@dataclass(frozen=True, slots=True)
class Together:
    """What several jobs change: `effect` runs in the one transaction that completes them, and gets the ids of those of `jobs`
    whose tokens are still current."""

    jobs: Sequence[Job]
    effect: Callable[[Session, frozenset[str]], None]


class Lease:
    """The right to work on a job. A heartbeat renews it; long handlers look at `lost` between steps and stop when it is set."""

    def __init__(self, renew: Callable[[], bool], lease_s: float) -> None:
        self._renew = renew
        self._lease_s = lease_s
        self._gone = threading.Event()
        self._until = monotonic() + lease_s

    @property
    def lost(self) -> bool:
        """True once somebody else may have the job, it was cancelled, or given back for a shutdown: nothing will count."""
        return self._gone.is_set() or monotonic() > self._until

    @property
    def taken(self) -> bool:
        """True once we know that nothing will count; a lease that only ran out may still be ours when the database is back."""
        return self._gone.is_set()

    def lose(self) -> None:
        """Mark as lost for good."""
        self._gone.set()

    def renew(self) -> bool:
        """Extend by a full lease now; False when it is lost. Raises what the database raises."""
        at = monotonic()
        if self._gone.is_set() or not self._renew():
            self.lose()
            return False
        self._until = at + self._lease_s
        return True


class JobHandler(Protocol):
    """Does one kind of job. `lease_s` is how long the job may go without a heartbeat before another worker takes it over.

    `run` works without any transaction and returns what to record. Raising means: try again after a backoff; raising
    `GiveUp` means never again. A handler may offer `run_many(jobs) -> Together` besides: it gets jobs in their first attempt
    only, and what it leaves out, or cannot commit, is run alone. `on_exhausted` returns what to record when all attempts
    failed (for a generation: hold it).
    """

    @property
    def kind(self) -> str: ...

    @property
    def lease_s(self) -> float: ...

    def run(self, job: Job, lease: Lease) -> Effect: ...

    def on_exhausted(self, job: Job, error: BaseException) -> Effect: ...


class GiveUp(Exception):
    """Trying again cannot help; the job goes straight to `on_exhausted`."""


class TooManyAttempts(Exception):
    """Every attempt ended without a word: the worker was killed each time."""


_TABLE = SQLModel.metadata.tables["job"]
_INSERT = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.id),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.id),
}


def insert_job(
    session: Session,
    *,
    kind: str,
    subject_id: str,
    payload: Mapping[str, Any],
    now_ms: int,
    dedupe_key: str | None,
    run_after_ms: int = 0,
    max_attempts: int = 5,
    serial: bool = False,
) -> str | None:
    """Add a job in the caller's transaction; its id, or None when a job of this kind has the `dedupe_key` already.

    `run_after_ms` is a point in time (0: at once) at most `job_queue.MAX_DELAY_MS` from now. `serial` jobs of one
    `subject_id`, of whatever kind, run one at a time in the order of insertion. `payload` holds JSON values only.
    """
    values = {
        "id": new_id("job"),
        "kind": kind,
        "subject_id": subject_id,
        "serial": serial,
        "payload": {**payload, **traces.carried(subject_id)},
        "dedupe_key": dedupe_key,
        "state": JobState.READY.value,
        "attempts": 0,
        "max_attempts": max_attempts,
        "run_after_ms": max(run_after_ms, now_ms),
        "token": 0,
        "holder": "",
        "lease_until_ms": 0,
        "created_ms": now_ms,
        "last_error": "",
    }
    ring_after_commit(session, bell(kind))
    connection = session.connection()  # past the ORM, with the values apart from a fixed statement
    inserted = connection.execute(_INSERT[connection.dialect.name], values).scalar_one_or_none()
    return None if inserted is None else str(inserted)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be added at once; the words are those of `insert_job`."""

    kind: str
    subject_id: str
    payload: Mapping[str, Any]
    dedupe_key: str | None


_COLUMNS = (
    "id", "kind", "subject_id", "serial", "payload", "dedupe_key", "state", "attempts", "max_attempts", "run_after_ms", "token",
    "holder", "lease_until_ms", "created_ms", "last_error",
)  # fmt: skip


def insert_jobs(session: Session, jobs: Sequence[NewJob], *, now_ms: int) -> int:
    """Add `jobs` in their order in the caller's transaction; how many are new: one whose `dedupe_key` is known is left out."""
    rows = [
        (new_id("job"), job.kind, job.subject_id, False, json.dumps({**job.payload, **traces.carried(job.subject_id)}),
         job.dedupe_key, JobState.READY.value, 0, 5, now_ms, 0, "", 0, now_ms, "")
        for job in jobs
    ]  # fmt: skip
    for kind in {job.kind for job in jobs}:
        ring_after_commit(session, bell(kind))
    return insert_rows(session, JobRow, _COLUMNS, rows, or_ignore=True)


def bell(kind: str) -> str:
    """The bell that rings when a job of `kind` is added."""
    return f"job:{kind}"
