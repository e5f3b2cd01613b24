"""What follows from the request gate's judgement: approved with a brief, held with a case, or refused with a reason.

Everything happens in the transaction that completes the gate's job. Consent is ruled again under the likeness rows' lock: a
judgement that saw another consent revision is not committed but made anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from consent.likeness.registry import lock_likenesses
from consent.likeness.rulings import UseRuling, evaluate_use
from consent.likeness.uses import UseExhausted, reserve_use
from moderation.accounts.quota import QuotaExhausted, QuotaLimits, day_of, reserve
from moderation.bus.outbox import enqueue
from moderation.gate.checks.account import quota_exhausted_report
from moderation.gate.decisions import Decision, record_judgement
from moderation.gate.gate import Gate, Judgement
from moderation.gate.recorded import deciding_rule
from moderation.gate.subjects import LikenessUse, WorkUse
from moderation.generation.pinned_works import pin_works
from moderation.generation.rows import lock_generation, move, request_of
from moderation.generation.state import State, Step
from moderation.generation.tables import Generation, GenerationLikeness
from moderation.ids import new_id
from moderation.messages import Brief, GenerationApproved, PinnedLikeness
from moderation.review.cases import open_case
from policies.taxonomy import Stage, Verdict


class ConsentMoved(Exception):
    """Consent changed between judging and committing: the job is run again on what is true now."""


@dataclass(frozen=True, slots=True)
class RequestStage:
    """Applies judgements of requests."""

    gate: Gate
    limits: QuotaLimits

    def apply(
        self,
        session: Session,
        generation_id: str,
        judgement: Judgement,
        uses: Sequence[LikenessUse],
        *,
        works: Sequence[WorkUse] = (),
        now_ms: int,
    ) -> None:
        """Record the decision and take the step it means. A generation that has moved on is left alone."""
        rulings = current_rulings(session, generation_id, uses, now_ms=now_ms)
        generation = lock_generation(session, generation_id)
        if State(generation.state) is not State.REQUESTED:
            return
        if judgement.verdict is Verdict.ALLOW:
            judgement = self._reserve(session, generation, judgement, rulings, now_ms)
        decision = record_judgement(session, generation_id, judgement, now_ms=now_ms)
        generation.request_decision_id = decision.id
        if judgement.verdict is not Verdict.BLOCK:
            pin_works(session, generation, works)
        match judgement.verdict:
            case Verdict.ALLOW:
                approve(session, generation, decision, rulings, now_ms=now_ms)
            case Verdict.REVIEW:
                hold(session, generation, decision, Stage.REQUEST, now_ms=now_ms)
            case Verdict.BLOCK:
                move(session, generation, Step.REFUSE, now_ms=now_ms, because=reason_code(judgement))

    def _reserve(
        self,
        session: Session,
        generation: Generation,
        judgement: Judgement,
        rulings: Sequence[UseRuling],
        now_ms: int,
    ) -> Judgement:
        """Take quota and uses; when the quota went meanwhile, the judgement becomes a refusal for that reason."""
        try:
            take_capacity(session, generation, rulings, self.limits, now_ms=now_ms)
        except QuotaExhausted:
            return self.gate.with_report(judgement, quota_exhausted_report())
        except UseExhausted as error:
            raise ConsentMoved(str(error)) from error
        return judgement


def current_rulings(
    session: Session, generation_id: str, uses: Sequence[LikenessUse], *, now_ms: int
) -> tuple[UseRuling, ...]:
    """Lock the likenesses and rule again. Raises `ConsentMoved` when an answer differs from the one that was judged."""
    lock_likenesses(session, [use.likeness_id for use in uses if use.likeness_id])
    rulings = []
    for use in uses:
        ruling = rule_again(session, use, generation_id, now_ms=now_ms)
        if (ruling.code, ruling.revision) != (use.code, use.revision):
            raise ConsentMoved(
                f"likeness {use.asked} moved from revision {use.revision} to {ruling.revision}"
            )
        rulings.append(ruling)
    return tuple(rulings)


def rule_again(session: Session, use: LikenessUse, generation_id: str, *, now_ms: int) -> UseRuling:
    """The consent registry's answer now for what was judged as `use`."""
    return evaluate_use(
        session,
        handle_or_id=use.likeness_id or use.asked,
        account_id=use.account_id,
        purpose=use.purpose,
        now_ms=now_ms,
        generation_id=generation_id,
    )


def take_capacity(
    session: Session,
    generation: Generation,
    rulings: Sequence[UseRuling],
    limits: QuotaLimits,
    *,
    now_ms: int,
) -> None:
    """Reserve a counted use of each grant, then a place in the quota. Raises `UseExhausted` or `QuotaExhausted`."""
    for ruling in rulings:
        if ruling.grant_id:
            reserve_use(session, grant_id=ruling.grant_id, generation_id=generation.id, now_ms=now_ms)
    reserve(session, generation.account_id, day_of(now_ms), limits, generation_id=generation.id)


def approve(
    session: Session, generation: Generation, decision: Decision, rulings: Sequence[UseRuling], *, now_ms: int
) -> None:
    """Pin the likenesses and send the brief to the generator."""
    for ruling in rulings:
        session.merge(
            GenerationLikeness(
                generation_id=generation.id,
                likeness_id=ruling.likeness_id,
                handle=ruling.handle,
                revision=ruling.revision,
                restrictions_revision=ruling.restrictions_revision,
            )
        )
    move(session, generation, Step.APPROVE, now_ms=now_ms)
    approved = GenerationApproved(
        generation_id=generation.id, decision_id=decision.id, brief=brief_of(generation, rulings)
    )
    enqueue(session, approved, event_id=new_id("evt"), at_ms=now_ms)


def brief_of(generation: Generation, rulings: Sequence[UseRuling]) -> Brief:
    """What the generator is asked to make."""
    request = request_of(generation)
    return Brief(
        prompt=request.prompt,
        likenesses=tuple(
            PinnedLikeness(likeness_id=ruling.likeness_id, handle=ruling.handle, revision=ruling.revision)
            for ruling in rulings
        ),
        references=request.references,
        parameters=request.parameters,
    )


def hold(session: Session, generation: Generation, decision: Decision, stage: Stage, *, now_ms: int) -> None:
    """Hold it and open a case for a person."""
    move(session, generation, Step.HOLD, now_ms=now_ms)
    generation.held_stage = stage.value
    session.add(generation)
    open_held_case(session, decision, stage, now_ms=now_ms)


def open_held_case(session: Session, decision: Decision, stage: Stage, *, now_ms: int) -> None:
    """Somebody must look at what the gate held by `decision`."""
    open_case(
        session,
        generation_id=decision.generation_id,
        decision_id=decision.id,
        stage=stage.value,
        overridable=True,
        category=decision.category,
        rule=deciding_rule(decision),
        now_ms=now_ms,
    )


def reason_code(judgement: Judgement) -> str:
    """The stable code of the rule that named the verdict."""
    deciding = judgement.ruling.deciding
    return deciding.reason if deciding else judgement.verdict.value
