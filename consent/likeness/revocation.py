"""Taking permission back. Both acts take the row's lock that a release takes, so that one of the two is always first.

Revoking keeps the template, which from then on refuses. Erasing destroys the key: recognition ends with it, and the owner is
told so. Serving refuses from the commit on; the withdrawal sweep that the caller enqueues in the same transaction tidies up.
"""

from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, col

from consent.biometrics.models import Standing
from consent.biometrics.vault import erase_templates, set_standing
from consent.likeness.changes import LikenessChange, describe, locked, record_change, refuse_erased
from consent.likeness.models import Grant, Likeness, LikenessState, RevokeScope
from consent.likeness.registry import registry_version

ERASURE_NOTICE = (
    "Your likeness is erased: the key to your templates is destroyed and nothing can bring them back. "
    "From now on your face is not recognised here, so it cannot be refused either. "
    "To be recognised and refused, enrol again and revoke instead."
)


@dataclass(frozen=True, slots=True)
class Revocation:
    """What the act did. `withdraw_released`: the caller inserts the withdrawal job; `notice`: what the owner must be told."""

    change: LikenessChange
    scope: RevokeScope
    withdraw_released: bool
    templates_erased: int = 0
    notice: str = ""


def revoke(
    session: Session,
    likeness_id: str,
    *,
    now_ms: int,
    actor: str,
    scope: RevokeScope = RevokeScope.EVERYTHING,
) -> Revocation:
    """End every permission. Doing it again changes nothing, except that `future` may be widened to `everything`.

    Raises `LikenessUnknown`, `LikenessErased`.
    """
    likeness = locked(session, likeness_id)
    refuse_erased(likeness)
    if likeness.state == LikenessState.REVOKED and scope in (likeness.revoke_scope, RevokeScope.FUTURE):
        standing = describe(likeness, "revoked", registry_version(session), changed=False)
        reached = RevokeScope(likeness.revoke_scope or RevokeScope.EVERYTHING)
        return Revocation(standing, reached, withdraw_released=False)
    likeness.state = LikenessState.REVOKED
    likeness.revoke_scope = scope
    _withdraw_grants(session, likeness_id, now_ms)
    change = record_change(
        session, likeness, change="revoked", actor=actor, now_ms=now_ms, detail={"scope": scope.value}
    )
    set_standing(session, likeness_id, Standing.REVOKED, version=change.registry_version)
    return Revocation(change, scope, withdraw_released=scope == RevokeScope.EVERYTHING)


def restore(session: Session, likeness_id: str, *, now_ms: int, actor: str) -> LikenessChange:
    """Make a revoked likeness usable by its owner again; every grant has to be given anew. Raises `LikenessErased`.

    What the revocation withdrew stays withdrawn.
    """
    likeness = locked(session, likeness_id)
    refuse_erased(likeness)
    if likeness.state == LikenessState.ACTIVE:
        return describe(likeness, "restored", registry_version(session), changed=False)
    likeness.state = LikenessState.ACTIVE
    likeness.revoke_scope = None
    change = record_change(session, likeness, change="restored", actor=actor, now_ms=now_ms)
    set_standing(session, likeness_id, Standing.ENROLLED, version=change.registry_version)
    return change


def erase(session: Session, likeness_id: str, *, now_ms: int, actor: str) -> Revocation:
    """Destroy the key and the templates, and end every permission for good. Doing it again changes nothing.

    Raises `LikenessUnknown`.
    """
    likeness = locked(session, likeness_id)
    if likeness.state == LikenessState.ERASED:
        standing = describe(likeness, "erased", registry_version(session), changed=False)
        return Revocation(standing, RevokeScope.EVERYTHING, withdraw_released=False, notice=ERASURE_NOTICE)
    likeness.state = LikenessState.ERASED
    likeness.revoke_scope = RevokeScope.EVERYTHING
    _withdraw_grants(session, likeness_id, now_ms)
    change = record_change(session, likeness, change="erased", actor=actor, now_ms=now_ms)
    erased = erase_templates(session, likeness_id, version=change.registry_version)
    return Revocation(change, RevokeScope.EVERYTHING, True, erased, ERASURE_NOTICE)


def serving_refused(likeness: Likeness) -> bool:
    """Whether a release that shows this likeness must not be served: revoked for everything, or erased."""
    return likeness.state == LikenessState.ERASED or (
        likeness.state == LikenessState.REVOKED and likeness.revoke_scope != RevokeScope.FUTURE
    )


def _withdraw_grants(session: Session, likeness_id: str, now_ms: int) -> None:
    standing = col(Grant.likeness_id) == likeness_id, col(Grant.withdrawn_ms).is_(None)
    session.execute(update(Grant).where(*standing).values(withdrawn_ms=now_ms))
