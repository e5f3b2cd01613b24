"""How an attempt at a job ended, and the one place where that is written down."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlmodel import Session

from moderation.bus import job_queue
from moderation.bus.jobs import Effect, Job, JobState, Lease, Together, no_effect

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` DONE or FAILED ends the job with `effect`; READY means try again in `delay_ms`, as an attempt `counted` or not."""

    job: Job
    lease: Lease
    state: JobState
    effect: Effect = no_effect
    delay_ms: int = 0
    error: str = ""
    counted: bool = True


def record_together(session: Session, together: Together) -> None:
    """Complete the jobs whose tokens are still current, with their one effect; the others leave no trace."""
    finished = job_queue.finish(session, together.jobs, JobState.DONE)
    if len(finished) < len(together.jobs):
        log.warning("job_results_dropped", jobs=len(together.jobs) - len(finished))
        job_queue.outlived(session, [job for job in together.jobs if job.id not in finished])
    together.effect(session, finished)


def record(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Write the outcomes whose tokens are still current, each with its effect; the others leave no trace."""
    for state in (JobState.DONE, JobState.FAILED):
        ending = {outcome.job.id: outcome for outcome in outcomes if outcome.state is state}
        errors = {job_id: outcome.error for job_id, outcome in ending.items() if outcome.error}
        finished = job_queue.finish(session, [outcome.job for outcome in ending.values()], state, errors)
        for job_id, outcome in ending.items():
            if job_id in finished:
                outcome.effect(session)
            else:
                log.warning("job_result_dropped", kind=outcome.job.kind, job=job_id, token=outcome.job.token)
                job_queue.outlived(session, [outcome.job])
    for outcome in outcomes:
        if outcome.state is JobState.READY:
            job_queue.try_again(
                session,
                outcome.job,
                delay_ms=outcome.delay_ms,
                error=outcome.error,
                counted=outcome.counted,
            )
