"""`/v1/cases`: the review queue. List, claim, decide; a generation moves on in the transaction of the decision."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from moderation.api.auth import Moderator
from moderation.api.context import ServicesHere, make_router
from moderation.api.schemas import CaseDetail, CaseView, DecisionView, VerdictWord
from moderation.gate.decisions import Decision, decisions_of
from moderation.generation.rows import get_generation, request_of
from moderation.messages import Identifier
from moderation.review import cases, queue
from moderation.review.case_state import MAX_REASON, CaseStatus, Outcome
from moderation.review.models import ReviewCase
from moderation.store import now_ms

router = make_router("cases", "/v1/cases")


class CasePage(BaseModel):
    """Cases, oldest first; `next_after` goes on behind this page, null at the end."""

    items: list[CaseView]
    next_after: str | None


class ClaimView(CaseView):
    """A claimed case; `claim_token` goes with every act until the claim ends."""

    claim_token: int


class TokenIn(BaseModel):
    """The token of one's claim."""

    claim_token: int = Field(ge=0, lt=2**31)


class DecideIn(TokenIn):
    """The decision, and why: the requester is told the reason."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"claim_token": 1, "outcome": "allow", "reason": "A painting, no real person."}]
        }
    )
    outcome: Outcome
    reason: str = Field(min_length=1, max_length=MAX_REASON)


class CaseDecisionView(BaseModel):
    """A person's decision: its id and verdict, and the case it closed."""

    id: str
    verdict: VerdictWord
    case: CaseView


@router.get("", summary="List cases, oldest first")
def list_all(
    _who: Moderator,
    services: ServicesHere,
    state: CaseStatus | None = None,
    stage: Annotated[str | None, Query(max_length=32)] = None,
    kind: Annotated[str | None, Query(max_length=32)] = None,
    claimed_by: Identifier | None = None,
    generation_id: Identifier | None = None,
    available: bool = False,
    after: Identifier | None = None,
    limit: Annotated[int, Query(ge=1, le=queue.MAX_PAGE)] = 50,
) -> CasePage:
    """`available` keeps what can be claimed now: opened cases, and those whose claim ran out."""
    with services.database.read() as session:
        query = queue.CaseQuery(
            state=state,
            stage=stage,
            kind=kind,
            claimed_by=claimed_by,
            generation_id=generation_id,
            available_at_ms=now_ms(session) if available else None,
        )
        page = queue.list_cases(session, query, after=after, limit=limit)
    return CasePage(items=[CaseView.of(case) for case in page.cases], next_after=page.next_after)


@router.get("/{case_id}", summary="Read one case with its request and decisions")
def read(case_id: Identifier, _who: Moderator, services: ServicesHere) -> CaseDetail:
    """Everything that is needed to decide it."""
    with services.database.read() as session:
        case = cases.get_case(session, case_id)
        request = request_of(get_generation(session, case.generation_id))
        decisions = [DecisionView.of(decision) for decision in decisions_of(session, case.generation_id)]
    return CaseDetail(
        **CaseView.of(case).model_dump(), request=request.model_dump(mode="json"), decisions=decisions
    )


@router.post("/{case_id}/claim", summary="Claim a case")
def claim(case_id: Identifier, who: Moderator, services: ServicesHere) -> ClaimView:
    """Holds it for a quarter of an hour; afterwards anybody may claim it."""
    with services.database.transaction() as session:
        return _claimed(cases.claim(session, case_id, moderator=who.account_id, now_ms=now_ms(session)))


@router.post("/{case_id}/renew", summary="Hold a claimed case longer")
def renew(case_id: Identifier, body: TokenIn, who: Moderator, services: ServicesHere) -> ClaimView:
    """Another quarter of an hour from now."""
    with services.database.transaction() as session:
        case = cases.renew(
            session, case_id, moderator=who.account_id, token=body.claim_token, now_ms=now_ms(session)
        )
        return _claimed(case)


@router.post("/{case_id}/return", summary="Give a claimed case back to the queue")
def give_back(case_id: Identifier, body: TokenIn, who: Moderator, services: ServicesHere) -> CaseView:
    """Undecided."""
    with services.database.transaction() as session:
        case = cases.release_claim(
            session, case_id, moderator=who.account_id, token=body.claim_token, now_ms=now_ms(session)
        )
        return CaseView.of(case)


@router.post("/{case_id}/decide", summary="Decide a claimed case")
def decide(case_id: Identifier, body: DecideIn, who: Moderator, services: ServicesHere) -> CaseDecisionView:
    """`allow` lets the generation go on, `block` refuses it. An absolute rule or a revocation cannot be allowed."""
    with services.database.transaction() as session:
        cases.decide(
            session,
            case_id,
            moderator=who.account_id,
            token=body.claim_token,
            outcome=body.outcome,
            reason=body.reason,
            now_ms=now_ms(session),
            on_decided=services.on_case_decided,
        )
        return _decided(session, cases.get_case(session, case_id), body.outcome)


def _claimed(case: ReviewCase) -> ClaimView:
    return ClaimView(**CaseView.of(case).model_dump(), claim_token=case.claim_token)


def _decided(session: Session, case: ReviewCase, outcome: Outcome) -> CaseDecisionView:
    recorded = session.exec(select(Decision.id).where(Decision.case_id == case.id)).first()
    return CaseDecisionView(id=recorded or case.id, verdict=outcome.value, case=CaseView.of(case))
