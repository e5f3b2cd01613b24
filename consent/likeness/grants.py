"""The owner gives, changes and withdraws permission. Each act is a new consent revision; nothing is ever overwritten in silence.

Who may act is the caller's question (the API checks that the account owns the likeness). Whether a use is permitted is
answered in `consent.likeness.rulings`, re-exported here because that is where people look for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlmodel import Session, select

from consent.errors import ConsentError
from consent.likeness.changes import LikenessChange, locked_active, record_change
from consent.likeness.models import Audience, Grant
from consent.likeness.rulings import ANY_PURPOSE, UseRuling, evaluate_use, rule_use
from consent.likeness.uses import carry_over, reserve_use, return_uses

__all__ = [
    "ANY_PURPOSE", "GrantInvalid", "GrantTerms", "UseRuling", "change_grant", "evaluate_use", "give_grant", "reserve_use",
    "return_uses", "rule_use", "withdraw_grant",
]  # fmt: skip


class GrantInvalid(ConsentError):
    """The terms make no sense, or the grant is not there."""

    code: ClassVar[str] = "grant.invalid"


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What is granted. `account_ids` only with audience `named`; `purposes` holds at least one word, `any` for all.

    `expires_ms` None: until withdrawn. `uses_left` None: without a count; else at least 1.
    """

    audience: Audience
    account_ids: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ("video",)
    expires_ms: int | None = None
    uses_left: int | None = None

    def check(self, now_ms: int) -> None:
        """Raises `GrantInvalid` naming the field, the value and the remedy."""
        if (self.audience == Audience.NAMED) != bool(self.account_ids):
            raise GrantInvalid(
                f"account_ids: {len(self.account_ids)} given with audience {self.audience.value!r}; "
                "name at least one account with 'named', and none with any other audience"
            )
        if not self.purposes or not all(self.purposes):
            raise GrantInvalid(
                f"purposes: {list(self.purposes)!r} grants nothing; give at least one, or '{ANY_PURPOSE}'"
            )
        if self.expires_ms is not None and self.expires_ms <= now_ms:
            raise GrantInvalid(
                f"expires_ms: {self.expires_ms} has passed; give a later time in milliseconds (UTC)"
            )
        if self.uses_left is not None and self.uses_left < 1:
            raise GrantInvalid(f"uses_left: {self.uses_left} grants nothing; give 1 or more, or leave it out")


def give_grant(
    session: Session, *, grant_id: str, likeness_id: str, terms: GrantTerms, actor: str, now_ms: int
) -> LikenessChange:
    """Add a grant to an active likeness. Raises `GrantInvalid`, `LikenessUnknown`, `LikenessRevoked`, `LikenessErased`."""
    terms.check(now_ms)
    likeness = locked_active(session, likeness_id)
    grant = Grant(id=grant_id, likeness_id=likeness_id, audience=terms.audience, created_ms=now_ms)
    _apply(grant, terms)
    session.add(grant)
    return record_change(
        session, likeness, change="granted", actor=actor, now_ms=now_ms, detail={"grant_id": grant_id}
    )


def change_grant(
    session: Session, *, grant_id: str, likeness_id: str, terms: GrantTerms, actor: str, now_ms: int
) -> LikenessChange:
    """Replace the terms of a standing grant; uses that generations hold stay held. Raises as `give_grant` does."""
    terms.check(now_ms)
    likeness = locked_active(session, likeness_id)
    grant = _standing(session, likeness_id, grant_id)
    carry_over(session, grant_id)
    _apply(grant, terms)
    session.add(grant)
    return record_change(
        session, likeness, change="grant_changed", actor=actor, now_ms=now_ms, detail={"grant_id": grant_id}
    )


def withdraw_grant(
    session: Session, *, grant_id: str, likeness_id: str, actor: str, now_ms: int
) -> LikenessChange:
    """End a grant for new uses and for releases not yet committed. Raises `GrantInvalid` when it is not standing."""
    likeness = locked_active(session, likeness_id)
    grant = _standing(session, likeness_id, grant_id)
    grant.withdrawn_ms = now_ms
    session.add(grant)
    return record_change(
        session, likeness, change="grant_withdrawn", actor=actor, now_ms=now_ms, detail={"grant_id": grant_id}
    )


def standing_grants(session: Session, likeness_id: str) -> Sequence[Grant]:
    """The grants that are not withdrawn (they may have expired), oldest first."""
    statement = (
        select(Grant).where(Grant.likeness_id == likeness_id).execution_options(populate_existing=True)
    )
    rows = (grant for grant in session.exec(statement) if grant.withdrawn_ms is None)
    return sorted(rows, key=lambda grant: (grant.created_ms, grant.id))


def _standing(session: Session, likeness_id: str, grant_id: str) -> Grant:
    found = [grant for grant in standing_grants(session, likeness_id) if grant.id == grant_id]
    if not found:
        raise GrantInvalid(
            f"grant_id: {grant_id[:64]!r} is no standing grant of this likeness; list its grants"
        )
    return found[0]


def _apply(grant: Grant, terms: GrantTerms) -> None:
    grant.audience = terms.audience
    grant.account_ids = sorted(set(terms.account_ids))
    grant.purposes = sorted(set(terms.purposes))
    grant.expires_ms = terms.expires_ms
    grant.uses_left = terms.uses_left
