"""The steps of a job's life, each in the caller's transaction: claim, renew, finish, try again, give back, cancel.

Every step after the claim names the fencing token and changes nothing once the token is no longer current.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from moderation.bells import ring_after_commit
from moderation.bulk import any_of
from moderation.bus.jobs import Job, JobRow, JobState, bell
from moderation.store import now_ms

MAX_DELAY_MS = 120_000
"""No job is put off for longer. One due later than that was put off before the database's clock was set back: it is due."""
_WAITING_OR_RUNNING = (JobState.READY.value, JobState.RUNNING.value)


def claim(session: Session, lease_ms: Mapping[str, int], *, holder: str, limit: int) -> tuple[Job, ...]:
    """Take up to `limit` due jobs of the kinds in `lease_ms`, each for that many milliseconds: first those whose lease has
    run out, then by due time. Rows that another worker is claiming are skipped, not waited for."""
    now = now_ms(session)
    claimed: list[Job] = []
    for kind, lease in lease_ms.items():
        for due in (_expired(kind, now, lease), _ready(kind, now)):
            if len(claimed) < limit:
                found = session.execute(due.limit(limit - len(claimed)).with_for_update(skip_locked=True))
                claimed += _take(session, list(found.scalars()), holder, now + lease)
    return tuple(claimed)


def has_due(session: Session, lease_ms: Mapping[str, int]) -> bool:
    """Whether a claim could find something; a read without locks."""
    now = now_ms(session)
    return any(
        session.execute(due.limit(1)).first() is not None
        for kind, lease in lease_ms.items()
        for due in (_expired(kind, now, lease), _ready(kind, now))
    )


def renew(session: Session, job: Job, lease_ms: int) -> bool:
    """Extend the lease to `lease_ms` from now; False when the token is no longer current."""
    until = now_ms(session) + lease_ms
    return _changed(session.execute(update(JobRow).where(*_held(job)).values(lease_until_ms=until)))


def finish(
    session: Session, jobs: Sequence[Job], state: JobState, errors: Mapping[str, str] | None = None
) -> frozenset[str]:
    """Move the jobs that are still held to the final `state`; the ids of those."""
    if not jobs:
        return frozenset()
    finished = _still_held(session, jobs)
    statement = update(JobRow).where(any_of(session, JobRow.id, sorted(finished)))
    session.execute(
        statement.values(state=state.value, finished_ms=now_ms(session)),
        execution_options={"synchronize_session": False},
    )
    for job_id, error in (errors or {}).items():
        if job_id in finished:
            session.execute(update(JobRow).where(col(JobRow.id) == job_id).values(last_error=error[:2000]))
    return finished


def try_again(session: Session, job: Job, *, delay_ms: int, error: str, counted: bool = True) -> bool:
    """Make the job ready again in `delay_ms`; False when it is no longer held. What was not the job's own fault is not
    `counted` as an attempt."""
    values = {
        "state": JobState.READY.value,
        "attempts": col(JobRow.attempts) - (0 if counted else 1),
        "run_after_ms": now_ms(session) + delay_ms,
        "last_error": error[:2000],
    }
    return _changed(session.execute(update(JobRow).where(*_held(job)).values(**values)))


def outlived(session: Session, jobs: Sequence[Job]) -> None:
    """Their workers lost the leases and lived: these attempts were not cut off by a death, so they do not count. The token is
    of one attempt only, and whoever holds the job now has a higher one."""
    for job in jobs:
        later = col(JobRow.id) == job.id, col(JobRow.token) > job.token, col(JobRow.attempts) > 0
        statement = update(JobRow).where(*later, col(JobRow.state).in_(_WAITING_OR_RUNNING))
        session.execute(statement.values(attempts=col(JobRow.attempts) - 1))


def give_back(session: Session, job: Job, *, started: bool) -> bool:
    """Return a job for another worker to take at once; what was not started does not count as an attempt."""
    ring_after_commit(session, bell(job.kind))
    values = {
        "state": JobState.READY.value,
        "attempts": col(JobRow.attempts) - (0 if started else 1),
        "run_after_ms": now_ms(session),
    }
    return _changed(session.execute(update(JobRow).where(*_held(job)).values(**values)))


def cancel_jobs(session: Session, *, subject_id: str, kinds: Sequence[str]) -> int:
    """Cancel the waiting and running jobs of a subject; how many. A running one sees its lease lost at the next heartbeat,
    and its result does not commit."""
    statement = (
        update(JobRow)
        .where(
            col(JobRow.subject_id) == subject_id,
            col(JobRow.kind).in_(kinds),
            col(JobRow.state).in_(_WAITING_OR_RUNNING),
        )
        .values(state=JobState.CANCELLED.value, token=col(JobRow.token) + 1, finished_ms=now_ms(session))
        .execution_options(synchronize_session=False)
    )
    return _count(session.execute(statement))


def backlog(session: Session, kinds: Sequence[str]) -> int:
    """How many jobs of `kinds` wait or run."""
    wanted = and_(col(JobRow.kind).in_(kinds), col(JobRow.state).in_(_WAITING_OR_RUNNING))
    return int(session.execute(select(func.count()).select_from(JobRow).where(wanted)).scalar_one())


def purge_finished(session: Session, *, before_ms: int, limit: int = 1 << 30) -> int:
    """Delete jobs done or cancelled before `before_ms`, `limit` at most; how many. Their dedupe keys are forgotten: choose a time
    after which no message can come twice. Failed jobs stay."""
    done = col(JobRow.state).in_((JobState.DONE.value, JobState.CANCELLED.value))
    old = select(col(JobRow.sequence)).where(done, col(JobRow.finished_ms) < before_ms).limit(limit)
    return _count(session.execute(delete(JobRow).where(col(JobRow.sequence).in_(old))))


def _ready(kind: str, now: int) -> Select[int | None]:
    run_after = col(JobRow.run_after_ms)
    due = or_(run_after <= now, run_after > now + MAX_DELAY_MS)
    state = and_(col(JobRow.state) == JobState.READY.value, due)
    order = (col(JobRow.run_after_ms), col(JobRow.sequence))
    return (
        select(col(JobRow.sequence)).where(col(JobRow.kind) == kind, state, _not_blocked()).order_by(*order)
    )


def _expired(kind: str, now: int, lease: int) -> Select[int | None]:
    """Also a lease that runs longer than one can: it was taken before the database's clock was set back."""
    until = col(JobRow.lease_until_ms)
    state = and_(col(JobRow.state) == JobState.RUNNING.value, or_(until <= now, until > now + 2 * lease))
    return select(col(JobRow.sequence)).where(col(JobRow.kind) == kind, state).order_by(col(JobRow.sequence))


def _not_blocked() -> ColumnElement[bool]:
    """A serial job waits for the running one of its subject and for every earlier one."""
    other = aliased(JobRow)
    earlier = and_(col(other.state) == JobState.READY.value, col(other.sequence) < col(JobRow.sequence))
    blocking = exists().where(
        col(other.subject_id) == col(JobRow.subject_id),
        col(other.serial).is_(True),
        col(other.sequence) != col(JobRow.sequence),
        or_(col(other.state) == JobState.RUNNING.value, earlier),
    )
    return or_(col(JobRow.serial).is_(False), ~blocking)


def _take(session: Session, sequences: Sequence[int | None], holder: str, until_ms: int) -> list[Job]:
    if not sequences:
        return []
    statement = (
        update(JobRow)
        .where(any_of(session, JobRow.sequence, [n for n in sequences if n is not None]))
        .values(
            state=JobState.RUNNING.value, holder=holder, lease_until_ms=until_ms,
            token=col(JobRow.token) + 1, attempts=col(JobRow.attempts) + 1,
        )
        .returning(
            col(JobRow.sequence), col(JobRow.id), col(JobRow.kind), col(JobRow.subject_id), col(JobRow.payload),
            col(JobRow.attempts), col(JobRow.max_attempts), col(JobRow.created_ms), col(JobRow.token),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    taken = {row[0]: Job(*row[1:]) for row in session.execute(statement)}
    return [taken[sequence] for sequence in sequences]


def _still_held(session: Session, jobs: Sequence[Job]) -> frozenset[str]:
    """Those of `jobs` whose tokens are current, locked in one order: two batches never wait for each other in a ring."""
    tokens = {job.id: job.token for job in jobs}
    statement = (
        select(col(JobRow.id), col(JobRow.token))
        .where(any_of(session, JobRow.id, sorted(tokens)), col(JobRow.state) == JobState.RUNNING.value)
        .order_by(col(JobRow.id))
        .with_for_update()
    )
    return frozenset(job_id for job_id, token in session.execute(statement) if tokens[job_id] == token)


def _held(job: Job) -> tuple[ColumnElement[bool], ...]:
    return (
        col(JobRow.id) == job.id,
        col(JobRow.token) == job.token,
        col(JobRow.state) == JobState.RUNNING.value,
    )


def _changed(result: object) -> bool:
    return _count(result) > 0


def _count(result: object) -> int:
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
