"""Commands on cases: each one locks the row, applies the pure transition, and writes event and audit row beside it.

All run in the caller's transaction; a decision is handed to the workflow in that same transaction, so that a decided case
whose generation did not move on cannot exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session, col, select

from moderation.bus import outbox
from moderation.errors import Kind, ServiceError
from moderation.ids import new_id
from moderation.messages import CaseChanged
from moderation.review import case_state
from moderation.review.case_state import Outcome
from moderation.review.models import ReviewCase, state_of, write_state
from moderation.sql import insert_new
from moderation.transparency import audit

CLAIM_LEASE_MS = 15 * 60_000
Change = Literal["opened", "claimed", "returned", "decided"]


class CaseUnknown(ServiceError):
    """No case has this id."""

    code = "case.unknown"
    kind = Kind.NOT_FOUND

    def __init__(self, case_id: str) -> None:
        super().__init__("no case has this id", field="case", value=case_id, remedy="list the open cases")


@dataclass(frozen=True, slots=True)
class CaseDecided:
    """What the workflow acts upon: a person decided the held decision of a generation."""

    case_id: str
    generation_id: str
    decision_id: str
    stage: str
    kind: str
    outcome: Outcome
    reason: str
    decided_by: str
    decided_ms: int


OnDecided = Callable[[Session, CaseDecided], None]


def open_case(
    session: Session,
    *,
    generation_id: str,
    decision_id: str,
    stage: str,
    overridable: bool,
    now_ms: int,
    kind: str = "held",
    category: str = "",
    rule: str = "",
    actor: str = "system",
) -> ReviewCase:
    """The case of a decision; opened once, however often this is called. `overridable` is False where an absolute rule or a
    revocation forbids a person to allow it; `category` and `rule` name the decision's verdict, to list it by."""
    fresh = ReviewCase(
        id=new_id("case"),
        generation_id=generation_id,
        decision_id=decision_id,
        stage=stage,
        kind=kind,
        overridable=overridable,
        category=category,
        rule=rule,
        opened_ms=now_ms,
    )
    opened = insert_new(session, ReviewCase, **fresh.model_dump())
    the_one = select(ReviewCase).where(
        col(ReviewCase.decision_id) == decision_id, col(ReviewCase.kind) == kind
    )
    case = session.exec(the_one).one()
    if opened:
        _tell(session, case, "opened", actor, now_ms)
    return case


def get_case(session: Session, case_id: str, *, lock: bool = False) -> ReviewCase:
    """The case; with `lock`, its row is held until the transaction ends. Raises `CaseUnknown`."""
    statement = select(ReviewCase).where(col(ReviewCase.id) == case_id)
    if lock:
        statement = statement.with_for_update()
    case = session.exec(statement, execution_options={"populate_existing": True}).first()
    if case is None:
        raise CaseUnknown(case_id)
    return case


def claim(
    session: Session, case_id: str, *, moderator: str, now_ms: int, lease_ms: int = CLAIM_LEASE_MS
) -> ReviewCase:
    """Hold the case for `lease_ms`; its `claim_token` goes with every later act. Raises `CaseTaken`, `CaseClosed`."""
    case = get_case(session, case_id, lock=True)
    write_state(case, case_state.claim(state_of(case), moderator=moderator, now_ms=now_ms, lease_ms=lease_ms))
    return _tell(session, case, "claimed", moderator, now_ms)


def renew(
    session: Session, case_id: str, *, moderator: str, token: int, now_ms: int, lease_ms: int = CLAIM_LEASE_MS
) -> ReviewCase:
    """Hold it longer. Raises `ClaimLost`, `CaseClosed`."""
    case = get_case(session, case_id, lock=True)
    write_state(
        case,
        case_state.renew(state_of(case), moderator=moderator, token=token, now_ms=now_ms, lease_ms=lease_ms),
    )
    return case


def release_claim(session: Session, case_id: str, *, moderator: str, token: int, now_ms: int) -> ReviewCase:
    """Give it back to the queue. Raises `ClaimLost`, `CaseClosed`."""
    case = get_case(session, case_id, lock=True)
    write_state(case, case_state.release(state_of(case), moderator=moderator, token=token, now_ms=now_ms))
    return _tell(session, case, "returned", moderator, now_ms)


def decide(
    session: Session,
    case_id: str,
    *,
    moderator: str,
    token: int,
    outcome: Outcome,
    reason: str,
    now_ms: int,
    on_decided: OnDecided,
) -> CaseDecided:
    """Decide it and let the generation move on, in this transaction. Raises `ClaimLost`, `CaseClosed`, `NotOverridable`,
    `ReasonMissing`, and whatever `on_decided` raises."""
    case = get_case(session, case_id, lock=True)
    before = state_of(case)
    after = case_state.decide(
        before, moderator=moderator, token=token, outcome=outcome, reason=reason, now_ms=now_ms
    )
    write_state(case, after)
    _tell(session, case, "decided", moderator, now_ms)
    decided = CaseDecided(
        case_id=case.id,
        generation_id=case.generation_id,
        decision_id=case.decision_id,
        stage=case.stage,
        kind=case.kind,
        outcome=outcome,
        reason=reason,
        decided_by=moderator,
        decided_ms=now_ms,
    )
    on_decided(session, decided)
    return decided


def _tell(session: Session, case: ReviewCase, change: Change, actor: str, now_ms: int) -> ReviewCase:
    message = CaseChanged(case_id=case.id, generation_id=case.generation_id, change=change)
    outbox.enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms)
    detail = {"generation_id": case.generation_id, "decision_id": case.decision_id, "outcome": case.outcome}
    audit.record(session, actor=actor, act=f"case.{change}", subject=case.id, detail=detail, at_ms=now_ms)
    return case
