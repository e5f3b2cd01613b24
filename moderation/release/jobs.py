"""The release worker's jobs: prepare and commit a release; sweep a withdrawal."""

from dataclasses import dataclass

from sqlmodel import Session

from moderation.bus.faultpoints import reach
from moderation.bus.jobs import Effect, GiveUp, Job, Lease, no_effect
from moderation.gate.gate import Gate
from moderation.generation.jobs import hold_unjudged
from moderation.generation.output_stage import RELEASE
from moderation.generation.state import State
from moderation.release.commit import Outcome, Prepared, commit_release
from moderation.release.prepare import Preparation
from moderation.release.sweep import remaining
from moderation.release.withdraw import WITHDRAW, finish, queue_sweep, withdraw_one
from moderation.store import Database, now_ms
from policies.taxonomy import Stage


@dataclass(frozen=True, slots=True)
class ReleaseJob:
    """Prepares outside any transaction, commits in the one that completes the job."""

    preparation: Preparation
    gate: Gate
    kind: str = RELEASE
    lease_s: float = 120.0

    def run(self, job: Job, lease: Lease) -> Effect:
        """Stamp, stage and prove; the effect releases only what is still true under lock."""
        prepared = self.preparation.prepare(
            job.subject_id, str(job.payload["sha256"]), str(job.payload["decision_id"])
        )
        reach("after_prepare")
        return (lambda session: _commit(session, prepared)) if prepared else no_effect

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        """Nothing unstamped leaves: hold it for a person, who sees why it could not be stamped."""
        return lambda session: hold_unjudged(
            session, self.gate, job.subject_id, Stage.OUTPUT, State.GENERATED, error
        )


@dataclass(frozen=True, slots=True)
class WithdrawJob:
    """Sweeps everything a withdrawal is about, one generation per transaction, so that locks are short."""

    database: Database
    kind: str = WITHDRAW
    lease_s: float = 60.0

    def run(self, job: Job, lease: Lease) -> Effect:
        """Take back each affected generation; running twice changes nothing."""
        for withdrawal, generation_id in remaining(self.database, job.subject_id):
            if lease.lost:
                raise RuntimeError("the lease was lost: another worker goes on with the sweep")
            with self.database.transaction() as session:
                withdraw_one(session, withdrawal, generation_id, now_ms=now_ms(session))
            reach("in_sweep")
        return lambda session: finish(session, job.subject_id, now_ms=now_ms(session))

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        """A withdrawal is never given up: the sweep is queued anew. Serving refuses meanwhile, and the metrics show it."""
        return lambda session: queue_sweep(session, job.subject_id, after=job.id, now_ms=now_ms(session))


def _commit(session: Session, prepared: Prepared) -> None:
    outcome = commit_release(session, prepared, clock=now_ms)
    if outcome is Outcome.NOT_DECIDED:
        raise GiveUp("the generation has no allow decision at each stage")
    reach("before_release_commit")
