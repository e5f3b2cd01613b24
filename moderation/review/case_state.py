"""The life of a case, as pure transitions: opened → claimed → decided, with a claim that runs out.

A claim is a lease with a fencing token that grows with every claim: whoever lost their claim to another moderator cannot act
on it. Precedence (DESIGN §5.9): absolute rule or revocation > person > policy, so a case that is not `overridable` can
only be decided `block`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from moderation.errors import Kind, ServiceError

MAX_REASON = 4000


class CaseStatus(StrEnum):
    """Where a case stands. A claim that ran out still reads `claimed`; anybody may claim it anew."""

    OPENED = "opened"
    CLAIMED = "claimed"
    DECIDED = "decided"


class Outcome(StrEnum):
    """What a person decides."""

    ALLOW = "allow"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class CaseState:
    """The part of a case that transitions change. Times are milliseconds since the epoch."""

    overridable: bool
    status: CaseStatus = CaseStatus.OPENED
    claimed_by: str | None = None
    claim_token: int = 0
    claim_until_ms: int = 0
    outcome: Outcome | None = None
    reason: str | None = None
    decided_by: str | None = None
    decided_ms: int | None = None


class CaseTaken(ServiceError):
    """Another moderator holds the case."""

    code = "case.taken"
    kind = Kind.CONFLICT


class ClaimLost(ServiceError):
    """The claim ran out or belongs to somebody else."""

    code = "case.claim_lost"
    kind = Kind.CONFLICT


class CaseClosed(ServiceError):
    """The case is decided."""

    code = "case.decided"
    kind = Kind.CONFLICT


class NotOverridable(ServiceError):
    """An absolute rule or a revocation stands above a moderator's decision."""

    code = "case.not_overridable"
    kind = Kind.CONFLICT


class ReasonMissing(ServiceError):
    """A decision needs a reason."""

    code = "case.reason_missing"


def claim(state: CaseState, *, moderator: str, now_ms: int, lease_ms: int) -> CaseState:
    """Hold the case until `now_ms + lease_ms`. Claiming one's own live claim again takes a new token. Raises `CaseTaken`,
    `CaseClosed`."""
    _require_open(state)
    if _live(state, now_ms) and state.claimed_by != moderator:
        raise CaseTaken(
            "is claimed by another moderator",
            field="case",
            value=state.claimed_by or "",
            remedy="take another case, or come back when the claim has run out",
        )
    return replace(
        state,
        status=CaseStatus.CLAIMED,
        claimed_by=moderator,
        claim_token=state.claim_token + 1,
        claim_until_ms=now_ms + lease_ms,
    )


def renew(state: CaseState, *, moderator: str, token: int, now_ms: int, lease_ms: int) -> CaseState:
    """Hold the case longer. Raises `ClaimLost`, `CaseClosed`."""
    _require_claim(state, moderator, token, now_ms)
    return replace(state, claim_until_ms=max(state.claim_until_ms, now_ms + lease_ms))


def release(state: CaseState, *, moderator: str, token: int, now_ms: int) -> CaseState:
    """Give the case back to the queue. Raises `ClaimLost`, `CaseClosed`."""
    _require_claim(state, moderator, token, now_ms)
    return replace(state, status=CaseStatus.OPENED, claimed_by=None, claim_until_ms=0)


def decide(
    state: CaseState, *, moderator: str, token: int, outcome: Outcome, reason: str, now_ms: int
) -> CaseState:
    """Decide the claimed case, once. Raises `ClaimLost`, `CaseClosed`, `NotOverridable`, `ReasonMissing`."""
    _require_claim(state, moderator, token, now_ms)
    if outcome is Outcome.ALLOW and not state.overridable:
        raise NotOverridable(
            "an absolute rule or a revocation forbids this; no person may allow it",
            field="outcome",
            value=outcome.value,
            remedy="decide block, or give the case back",
        )
    if not reason.strip() or len(reason) > MAX_REASON:
        raise ReasonMissing(
            f"says why, in 1 to {MAX_REASON} characters",
            field="reason",
            value=reason,
            remedy="write the reason that the requester will be told",
        )
    return replace(
        state,
        status=CaseStatus.DECIDED,
        outcome=outcome,
        reason=reason,
        decided_by=moderator,
        decided_ms=now_ms,
    )


def _live(state: CaseState, now_ms: int) -> bool:
    return state.status is CaseStatus.CLAIMED and now_ms < state.claim_until_ms


def _require_open(state: CaseState) -> None:
    if state.status is CaseStatus.DECIDED:
        raise CaseClosed(
            "is decided",
            field="case",
            value=state.outcome or "",
            remedy="read its outcome; a new decision needs an appeal",
        )


def _require_claim(state: CaseState, moderator: str, token: int, now_ms: int) -> None:
    _require_open(state)
    if not _live(state, now_ms) or (state.claimed_by, state.claim_token) != (moderator, token):
        raise ClaimLost(
            "you do not hold this case now",
            field="claim_token",
            value=token,
            remedy="claim the case, then act with the token of that claim",
        )
