"""`GET /v1/decisions/{id}/explanation`: why, on which evidence, what would change it, and the nearest text that would pass."""

from typing import Any, Self

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from moderation.accounts.keys import Principal
from moderation.api.auth import Reader, sees_all
from moderation.api.context import AdmissionHere, ServicesHere, make_router
from moderation.api.schemas import VerdictWord
from moderation.api.services import Services
from moderation.explaining.explanation import Explanation, explain_decision, explanation_to_plain
from moderation.explaining.seek import not_sought
from moderation.explaining.told import DecisionUnknown, read_told
from moderation.messages import Identifier

router = make_router("decisions", "/v1/decisions")


class SuggestionView(BaseModel):
    """A changed text that the gate allowed when it was asked just now. `changed` counts words."""

    text: str
    kind: str = Field(examples=["reword"])
    changed: int
    verdict: VerdictWord
    policy: str


class StatementView(BaseModel):
    """The statement of reasons of the DSA, article 17(3): (a) restriction, territory, duration; (b) facts, source; (c) automated
    means; (d) legal ground; (e) terms and explanation; (f) redress."""

    restriction: str
    territory: str
    duration: str
    facts: str
    source: str
    automated_detection: bool
    automated_decision: bool
    legal_ground: str
    terms: str
    explanation: str
    redress: list[str]


class UserPart(BaseModel):
    """What whoever asked may read. No score, threshold, pattern, list entry or other person's data."""

    code: str = Field(examples=["content.violence"])
    category: str | None
    rule: str | None
    policy: str
    decided_by: str = Field(examples=["machine"])
    text: str
    places: list[str]
    where: list[dict[str, Any]]
    advice: str | None
    suggestion: SuggestionView | None
    statement_of_reasons: StatementView | None


class ChangeView(BaseModel):
    """One thing that would have to be different; `words` goes on after "if"."""

    kind: str = Field(examples=["below"])
    finding: int | None
    signal: str | None
    category: str | None
    score: float | None
    threshold: float | None
    subject: str | None
    rules: list[str]
    words: str


class MilderView(BaseModel):
    """What would have led to `verdict`: all of `all_of` together, or any one of `or_any_of` alone. `liftable` is false where
    an absolute rule fired."""

    verdict: VerdictWord
    liftable: bool
    all_of: list[ChangeView]
    or_any_of: list[ChangeView]


class OperatorPart(BaseModel):
    """What staff may read: rules, findings by number from 0, what would change the verdict."""

    model_config = ConfigDict(extra="allow")
    text: str
    actor: str
    reason: str
    rules: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    circumstances: list[str]
    unjudged: dict[str, str]
    skipped: list[str]
    uncovered: list[str]
    revisions: dict[str, str]
    would_change: list[MilderView]
    edit: dict[str, Any]
    unreadable: str


class ExplanationView(BaseModel):
    """A decision explained. `operator` is null for whoever asked for the video."""

    id: str = Field(examples=["dec_5a0c4d8e9b1f4c7c8f2a6d3e0b9a7c61"])
    verdict: VerdictWord
    generation_id: str
    stage: str
    created_ms: int
    user: UserPart
    operator: OperatorPart | None

    @classmethod
    def of(cls, explained: Explanation, who: Principal) -> Self:
        """As far as `who` may read it."""
        return cls.model_validate(explanation_to_plain(explained, operator=sees_all(who)))


@router.get(
    "/{decision_id}/explanation",
    summary="Why a decision went as it did, and what would pass",
    response_model=ExplanationView,
)
async def read(
    decision_id: Identifier, who: Reader, services: ServicesHere, admission: AdmissionHere, edit: bool = True
) -> JSONResponse:
    """Of a decision on one's own generation the user's part; staff read any, and the operators' part. With `edit` the gate
    judges up to twelve changed texts, which takes as long as that many judgements; it answers 503 while too many wait."""
    return await admission.run(lambda: _explained(decision_id, who, services, edit=edit))


def _explained(decision_id: str, who: Principal, services: Services, *, edit: bool) -> JSONResponse:
    with services.database.read() as session:
        told = read_told(session, decision_id)
    if not sees_all(who) and told.request.account_id != who.account_id:
        raise DecisionUnknown(decision_id)
    explained = explain_decision(told, services.seek if edit else not_sought)
    return JSONResponse(ExplanationView.of(explained, who).model_dump(mode="json"))
