"""The table of cases."""

from sqlalchemy import BigInteger, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from moderation.review.case_state import CaseState, CaseStatus, Outcome


class ReviewCase(SQLModel, table=True):
    """One decision that waits for a person. One case per decision and kind. `category` and `rule` are those that name the
    decision's verdict, kept here to list by; a decision about no content has no category."""

    __tablename__ = "review_case"
    __table_args__ = (UniqueConstraint("decision_id", "kind"),)
    id: str = Field(primary_key=True)
    generation_id: str = Field(index=True)
    decision_id: str
    stage: str
    kind: str
    overridable: bool
    category: str = Field(default="", index=True)
    rule: str = ""
    state: str = Field(default=CaseStatus.OPENED.value, index=True)
    claimed_by: str | None = None
    claim_token: int = 0
    claim_until_ms: int = Field(default=0, sa_type=BigInteger)
    outcome: str | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    decided_by: str | None = None
    opened_ms: int = Field(sa_type=BigInteger, index=True)
    decided_ms: int | None = Field(default=None, sa_type=BigInteger)


def state_of(case: ReviewCase) -> CaseState:
    """The case as the pure transitions see it."""
    return CaseState(
        overridable=case.overridable,
        status=CaseStatus(case.state),
        claimed_by=case.claimed_by,
        claim_token=case.claim_token,
        claim_until_ms=case.claim_until_ms,
        outcome=Outcome(case.outcome) if case.outcome else None,
        reason=case.reason,
        decided_by=case.decided_by,
        decided_ms=case.decided_ms,
    )


def write_state(case: ReviewCase, state: CaseState) -> None:
    """Put the result of a transition back into the row."""
    case.state = state.status.value
    case.claimed_by = state.claimed_by
    case.claim_token = state.claim_token
    case.claim_until_ms = state.claim_until_ms
    case.outcome = state.outcome.value if state.outcome else None
    case.reason = state.reason
    case.decided_by = state.decided_by
    case.decided_ms = state.decided_ms
