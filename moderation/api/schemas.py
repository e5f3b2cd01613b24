"""The shapes that several routes answer with. Readers ignore unknown fields; a decision has `id` and `verdict` on top."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from moderation.gate.decisions import Decision, explained, told_to_requester
from moderation.generation.tables import Generation
from moderation.review.models import ReviewCase

VerdictWord = Literal["allow", "review", "block"]


class DecisionView(BaseModel):
    """A decision: its verdict, and the body's reports, ruling, context and revisions beside it for staff and pipelines; for the
    requester its reasons in words, and `GET /v1/decisions/{id}/explanation` has the whole statement."""

    model_config = ConfigDict(extra="allow")
    id: str = Field(examples=["dec_5a0c4d8e9b1f4c7c8f2a6d3e0b9a7c61"])
    verdict: VerdictWord
    stage: str = ""

    @classmethod
    def of(cls, decision: Decision, *, whole: bool = True) -> Self:
        """The row as an answer; without `whole` what whoever asked for the video may read."""
        return cls.model_validate(dict(explained(decision) if whole else told_to_requester(decision)))


class GenerationView(BaseModel):
    """A generation as its requester sees it. `verdict` is that of the newest decision, null before the first."""

    id: str = Field(examples=["gen_0f6d3c1a5e5b4b7f9a4e2f1c8d7b6a59"])
    verdict: VerdictWord | None
    state: str = Field(examples=["approved"])
    account_id: str
    held_stage: str = ""
    ended_because: str = ""
    progress: float = Field(ge=0, le=1)
    remix_parent: str | None = None
    release_id: str | None = None
    created_ms: int
    updated_ms: int
    decisions: list[DecisionView] = Field(default_factory=list)

    @classmethod
    def of(cls, generation: Generation, decisions: tuple[Decision, ...], *, whole: bool = False) -> Self:
        """The row and its decisions, oldest first, as an answer; `whole` ones for staff and pipelines."""
        known = [DecisionView.of(decision, whole=whole) for decision in decisions]
        return cls(
            id=generation.id,
            verdict=known[-1].verdict if known else None,
            state=generation.state,
            account_id=generation.account_id,
            held_stage=generation.held_stage,
            ended_because=generation.ended_because,
            progress=generation.progress,
            remix_parent=generation.remix_parent,
            release_id=generation.release_id,
            created_ms=generation.created_ms,
            updated_ms=generation.updated_ms,
            decisions=known,
        )


class CaseView(BaseModel):
    """A case in the queue. `overridable` false: an absolute rule or a revocation forbids a person to allow it."""

    id: str
    generation_id: str
    decision_id: str
    stage: str
    kind: str
    overridable: bool
    category: str
    rule: str
    state: str
    claimed_by: str | None
    claim_until_ms: int
    outcome: str | None
    reason: str | None
    decided_by: str | None
    opened_ms: int
    decided_ms: int | None

    @classmethod
    def of(cls, case: ReviewCase) -> Self:
        """The row as an answer; the claim's token is its holder's alone."""
        return cls.model_validate(case.model_dump())


class CaseDetail(CaseView):
    """A case with what the moderator needs to decide: the request and every decision so far."""

    request: dict[str, Any]
    decisions: list[DecisionView]
