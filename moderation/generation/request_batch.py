"""Judgements of plain requests, committed together: the rows that `RequestStage.apply` writes for each, with bulk statements.

A request is plain when it shows nobody, names no work, gives no reference and remixes nothing: then no row but its own, its
account's and the quota's is to be locked, and they are locked in one order, so that two batches never wait in a ring.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from consent.likeness.models import GrantUse
from moderation.accounts.models import QuotaReservation
from moderation.accounts.quota import day_of
from moderation.accounts.quota_batch import reserve_many
from moderation.bulk import any_of, update_rows
from moderation.bus.log import NewRecord
from moderation.bus.outbox import enqueue_all, record_of
from moderation.gate.checks.account import quota_exhausted_report
from moderation.gate.gate import Judgement
from moderation.gate.record_many import Written, record_judgements
from moderation.generation.request_stage import RequestStage, open_held_case, reason_code
from moderation.generation.rows import get_generation, return_capacity
from moderation.generation.state import State, Step, advance
from moderation.generation.tables import Generation
from moderation.ids import new_id
from moderation.messages import Brief, GenerationApproved, GenerationRequested
from policies.taxonomy import Stage, Verdict

_STEPS = {Verdict.ALLOW: Step.APPROVE, Verdict.REVIEW: Step.HOLD, Verdict.BLOCK: Step.REFUSE}


@dataclass(frozen=True, slots=True)
class Judged:
    """A plain request and what the gate says of it."""

    request: GenerationRequested
    judgement: Judgement

    @property
    def id(self) -> str:
        """The generation's."""
        return self.request.generation_id


def apply_many(session: Session, stage: RequestStage, judged: Sequence[Judged], *, now_ms: int) -> None:
    """Record the decisions and take the steps they mean, in order. Generations that have moved on are left alone."""
    states = _lock(session, [one.id for one in judged])
    waiting = [one for one in judged if states[one.id] is State.REQUESTED]
    decided = _within_quota(session, stage, waiting, now_ms)
    written = record_judgements(session, [(one.id, one.judgement) for one in decided], now_ms=now_ms)
    pairs = list(zip(decided, written, strict=True))
    events = [event for one, decision in pairs for event in _events(one, decision, now_ms)]
    enqueue_all(session, events, at_ms=now_ms)
    _move(session, pairs, now_ms)
    for one, decision in pairs:
        if one.judgement.verdict is Verdict.REVIEW:
            open_held_case(session, decision.decision(), Stage.REQUEST, now_ms=now_ms)


def _lock(session: Session, ids: Sequence[str]) -> Mapping[str, State]:
    """Lock the rows in one order; their states now. Raises `GenerationUnknown`."""
    statement = select(Generation.id, Generation.state).where(any_of(session, Generation.id, ids))
    found = session.execute(statement.order_by(col(Generation.id)).with_for_update())
    states = {name: State(state) for name, state in found}
    for name in ids:
        if name not in states:
            get_generation(session, name)  # raises
    return states


def _within_quota(
    session: Session, stage: RequestStage, judged: Sequence[Judged], now_ms: int
) -> list[Judged]:
    """What is allowed takes a place in the quota; when none is left, the judgement becomes a refusal for that reason."""
    allowed = [one for one in judged if one.judgement.verdict is Verdict.ALLOW]
    places = [(one.id, one.request.account_id) for one in allowed]
    refused = reserve_many(session, places, day_of(now_ms), stage.limits)
    return [
        replace(one, judgement=stage.gate.with_report(one.judgement, quota_exhausted_report()))
        if one.id in refused
        else one
        for one in judged
    ]


def _events(one: Judged, decision: Written, now_ms: int) -> list[NewRecord]:
    if one.judgement.verdict is not Verdict.ALLOW:
        return [decision.event]
    request = one.request
    brief = Brief.model_construct(
        prompt=request.prompt, likenesses=(), references=(), parameters=request.parameters
    )
    approved = GenerationApproved.model_construct(generation_id=one.id, decision_id=decision.id, brief=brief)
    return [decision.event, record_of(approved, event_id=new_id("evt"), at_ms=now_ms)]


def _move(session: Session, pairs: Sequence[tuple[Judged, Written]], now_ms: int) -> None:
    refused = [one for one, _ in pairs if one.judgement.verdict is Verdict.BLOCK]
    _return_capacity(session, [one.id for one in refused], now_ms)
    rows = [
        (
            advance(State.REQUESTED, _STEPS[one.judgement.verdict]).value,
            Stage.REQUEST.value if one.judgement.verdict is Verdict.REVIEW else "",
            reason_code(one.judgement) if one.judgement.verdict is Verdict.BLOCK else "",
            decision.id,
            now_ms,
            one.id,
        )
        for one, decision in sorted(pairs, key=lambda pair: pair[0].id)
    ]
    update_rows(
        session,
        Generation,
        ("state", "held_stage", "ended_because", "request_decision_id", "updated_ms"),
        rows,
    )


def _return_capacity(session: Session, refused: Sequence[str], now_ms: int) -> None:
    """What waits for its first judgement holds no capacity; should one do so all the same, it is given back."""
    if not refused:
        return
    uses = select(GrantUse.generation_id).where(any_of(session, GrantUse.generation_id, refused))
    places = select(QuotaReservation.generation_id).where(
        any_of(session, QuotaReservation.generation_id, refused), col(QuotaReservation.returned).is_(False)
    )
    for name in sorted({*session.exec(uses), *session.exec(places)}):
        return_capacity(session, name, now_ms)
