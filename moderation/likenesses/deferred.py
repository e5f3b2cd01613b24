"""Erasing what an owner wanted erased while a legal hold preserved it, once nothing preserves it any more."""

from dataclasses import dataclass

from sqlmodel import Session

from consent.likeness.models import LikenessState
from consent.likeness.registry import lock_likenesses
from moderation.bus.jobs import Effect, Job, Lease, no_effect
from moderation.legal.tables import DeferredErasure
from moderation.likenesses.commands import erase_likeness
from moderation.release.holds import ERASE, preserved
from moderation.store import now_ms


@dataclass(frozen=True, slots=True)
class DeferredEraseJob:
    """Queued when a hold is lifted. Running twice changes nothing."""

    kind: str = ERASE
    lease_s: float = 60.0

    def run(self, job: Job, lease: Lease) -> Effect:
        """Erase in the transaction that completes the job."""
        return lambda session: erase_now(session, job.subject_id, at_ms=now_ms(session))

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        """The failed job stays in the table, and shows in the metrics; the next hold that is lifted queues it anew."""
        return no_effect


def erase_now(session: Session, likeness_id: str, *, at_ms: int) -> None:
    """Erase it, unless another hold preserves it or its owner has restored it meanwhile."""
    (likeness,) = lock_likenesses(session, (likeness_id,))
    waiting = session.get_one(DeferredErasure, likeness_id, populate_existing=True)
    if waiting.done_ms is not None or preserved(session, likeness_id):
        return
    waiting.done_ms = at_ms
    session.add(waiting)
    if likeness.state == LikenessState.REVOKED:
        erase_likeness(session, likeness_id, actor=waiting.actor, now_ms=at_ms)
