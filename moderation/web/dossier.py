"""A case with everything that is needed to decide it, read in one go and without locks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from moderation.accounts import quota
from moderation.accounts.models import Account, AccountState, Sanction
from moderation.gate.decisions import Decision, decisions_of
from moderation.gate.perceived import recall
from moderation.gate.recorded import Recorded, read_body
from moderation.gate.subjects import LikenessUse
from moderation.generation.facts import likeness_uses
from moderation.generation.objections import Standing, standing_of
from moderation.generation.rows import get_generation, request_of
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested
from moderation.review.cases import get_case
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from moderation.transparency.audit import AuditEntry
from policies.records import RecordUnreadable
from policies.rulings import Ruling
from policies.taxonomy import Verdict

SHOWN_EVENTS = 60


@dataclass(frozen=True, slots=True)
class Requester:
    """The account as a moderator may see it: an id and how it stands; there are no names. `outcomes` counts its generations
    by state."""

    account_id: str
    known: bool
    suspended: bool
    under_18: bool
    created_ms: int
    used_today: int
    suspensions: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the generation or its cases."""

    at_ms: int
    act: str
    actor: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision with its body; `unreadable` says why the body cannot be read."""

    decision: Decision
    recorded: Recorded
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """`judged` is the decision that the case is about; `earlier` are the others, newest first; `at_ms` is now."""

    case: ReviewCase
    generation: Generation
    request: GenerationRequested
    judged: Judged
    earlier: tuple[Judged, ...]
    standing: Standing
    requester: Requester
    likenesses: tuple[LikenessUse, ...]
    perceived: tuple[Mapping[str, object], ...]
    others: tuple[ReviewCase, ...]
    events: tuple[Event, ...]
    at_ms: int


def read_dossier(session: Session, case_id: str) -> Dossier:
    """Everything. Raises `CaseUnknown`."""
    case = get_case(session, case_id)
    generation = get_generation(session, case.generation_id)
    request = request_of(generation)
    at = now_ms(session)
    decisions = decisions_of(session, generation.id)
    about = next(one for one in decisions if one.id == case.decision_id)
    others = select(ReviewCase).where(
        col(ReviewCase.generation_id) == generation.id, col(ReviewCase.id) != case_id
    )
    return Dossier(
        case=case,
        generation=generation,
        request=request,
        judged=_judged(about),
        earlier=tuple(_judged(one) for one in reversed(decisions) if one.id != about.id),
        standing=standing_of(session, generation, about, now_ms=at),
        requester=_requester(session, generation.account_id, at),
        likenesses=likeness_uses(session, request, now_ms=at),
        perceived=recall(session, about.id),
        others=tuple(session.exec(others.order_by(col(ReviewCase.opened_ms)))),
        events=_events(session, generation, case_id, decisions),
        at_ms=at,
    )


def _judged(decision: Decision) -> Judged:
    try:
        return Judged(decision, read_body(decision))
    except RecordUnreadable as error:
        nothing = Recorded(Ruling(Verdict(decision.verdict), None, decision.policy_revision))
        return Judged(decision, nothing, str(error))


def _requester(session: Session, account_id: str, at_ms: int) -> Requester:
    account = session.get(Account, account_id, populate_existing=True)
    counted = (
        select(Generation.state, func.count())
        .where(col(Generation.account_id) == account_id)
        .group_by(col(Generation.state))
        .order_by(col(Generation.state))
    )
    suspensions = select(func.count()).select_from(Sanction).where(col(Sanction.account_id) == account_id)
    return Requester(
        account_id=account_id,
        known=account is not None,
        suspended=account is None or account.state != AccountState.ACTIVE,
        under_18=account is not None and account.under_18,
        created_ms=account.created_ms if account else 0,
        used_today=quota.used(session, account_id, quota.day_of(at_ms)),
        suspensions=int(session.exec(suspensions).one()),
        outcomes={str(state): int(number) for state, number in session.exec(counted)},
    )


def _events(
    session: Session, generation: Generation, case_id: str, decisions: Sequence[Decision]
) -> tuple[Event, ...]:
    """What the audit log has of the generation and the case, and the decisions, newest first; looks at the case are left out."""
    about = select(AuditEntry).where(
        col(AuditEntry.subject).in_([generation.id, case_id]), col(AuditEntry.act).notlike("case.read%")
    )
    recent = about.order_by(col(AuditEntry.at_ms).desc(), col(AuditEntry.id).desc()).limit(SHOWN_EVENTS)
    audited = [Event(row.at_ms, row.act, row.actor, json.loads(row.detail)) for row in session.exec(recent)]
    decided = [
        Event(
            one.created_ms,
            f"decision.{one.verdict}",
            one.actor,
            {"stage": one.stage, "category": one.category},
        )
        for one in decisions
    ]
    asked = Event(generation.created_ms, "generation.requested", generation.account_id, {})
    return tuple(sorted([*audited, *decided, asked], key=lambda event: -event.at_ms))
