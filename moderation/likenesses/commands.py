"""Every change of consent with what must follow it in the same transaction: the event, the audit row, the withdrawal."""

from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from consent.likeness.changes import LikenessChange
from consent.likeness.models import Likeness, RevokeScope
from consent.likeness.registry import lock_likenesses
from consent.likeness.revocation import Revocation, erase, restore, revoke
from moderation.bus.outbox import enqueue
from moderation.errors import Kind, ServiceError
from moderation.ids import new_id
from moderation.likenesses.forget import forget_portraits
from moderation.messages import ConsentChanged
from moderation.release.holds import defer_erasure, drop_erasure, preserved
from moderation.release.withdraw import order_withdrawal
from moderation.transparency import audit

DEFERRED_NOTICE = (
    "An order of law preserves your likeness, so it cannot be erased today. It is revoked instead: from now on nothing that "
    "shows you is released or served. It is erased, without your asking again, as soon as the last order is lifted."
)


class NotYourLikeness(ServiceError):
    """Only the owner, or an administrator acting on an order, may change a likeness."""

    code = "likeness.not_yours"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Revoked:
    """A revocation as it stands committed. `withdrawal_id` is empty when nothing was left to withdraw."""

    revocation: Revocation
    withdrawal_id: str


def announce(session: Session, change: LikenessChange, *, actor: str, now_ms: int) -> None:
    """Put the change on the wire and into the audit log, in the transaction that made it."""
    if not change.changed:
        return
    message = ConsentChanged(
        likeness_id=change.likeness_id,
        revision=change.revision,
        registry_version=change.registry_version,
        change=change.change,
    )
    enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms)
    audit.record(
        session,
        actor=actor,
        act=f"likeness.{change.change}",
        subject=change.likeness_id,
        detail={"revision": change.revision, "registry_version": change.registry_version},
        at_ms=now_ms,
    )


def revoke_likeness(
    session: Session,
    likeness_id: str,
    *,
    actor: str,
    now_ms: int,
    scope: RevokeScope = RevokeScope.EVERYTHING,
) -> Revoked:
    """Revoke; from this commit on nothing that shows the likeness is released or served."""
    return _take_back(
        session, revoke(session, likeness_id, now_ms=now_ms, actor=actor, scope=scope), actor, now_ms
    )


def erase_likeness(session: Session, likeness_id: str, *, actor: str, now_ms: int) -> Revoked:
    """Erase the templates and everything made from them; the portraits that were given for generation go too. What a legal hold
    preserves is revoked now and erased when the last hold is lifted."""
    lock_likenesses(session, (likeness_id,))
    if preserved(session, likeness_id):
        return _erase_later(session, likeness_id, actor=actor, now_ms=now_ms)
    revocation = erase(session, likeness_id, now_ms=now_ms, actor=actor)
    forget_portraits(session, likeness_id, now_ms=now_ms)
    return _take_back(session, revocation, actor, now_ms)


def restore_likeness(session: Session, likeness_id: str, *, actor: str, now_ms: int) -> LikenessChange:
    """Make it usable again; an erasure that waits for a legal hold is waited for no more."""
    change = restore(session, likeness_id, now_ms=now_ms, actor=actor)
    drop_erasure(session, likeness_id, actor=actor, now_ms=now_ms)
    announce(session, change, actor=actor, now_ms=now_ms)
    return change


def _erase_later(session: Session, likeness_id: str, *, actor: str, now_ms: int) -> Revoked:
    defer_erasure(session, likeness_id, actor=actor, now_ms=now_ms)
    revocation = revoke(session, likeness_id, now_ms=now_ms, actor=actor)
    return _take_back(session, replace(revocation, notice=DEFERRED_NOTICE), actor, now_ms)


def require_owner(session: Session, likeness_id: str, account_id: str) -> Likeness:
    """The likeness, if it belongs to the account. Raises `NotYourLikeness`, also for ids that do not exist: whether a
    likeness exists is nobody else's business."""
    likeness = session.get(Likeness, likeness_id, populate_existing=True)
    if likeness is None or likeness.owner_account_id != account_id:
        raise NotYourLikeness(
            "you own no such likeness",
            field="likeness_id",
            value=likeness_id,
            remedy="list yours to find its id",
        )
    return likeness


def owned_by(session: Session, account_id: str) -> tuple[Likeness, ...]:
    """The account's likenesses, oldest first."""
    statement = (
        select(Likeness).where(Likeness.owner_account_id == account_id).order_by(col(Likeness.created_ms))
    )
    return tuple(session.exec(statement))


def _take_back(session: Session, revocation: Revocation, actor: str, now_ms: int) -> Revoked:
    announce(session, revocation.change, actor=actor, now_ms=now_ms)
    if not revocation.withdraw_released:
        return Revoked(revocation, "")
    withdrawal_id = order_withdrawal(
        session,
        reason=f"likeness.{revocation.change.change}",
        actor=actor,
        now_ms=now_ms,
        likeness_id=revocation.change.likeness_id,
    )
    return Revoked(revocation, withdrawal_id)
