"""Listing cases: filtered, oldest first, page by page."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from moderation.review.case_state import CaseStatus
from moderation.review.models import ReviewCase

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which cases. `available_at_ms`: only those a moderator could claim at that time."""

    state: CaseStatus | None = None
    stage: str | None = None
    kind: str | None = None
    claimed_by: str | None = None
    generation_id: str | None = None
    available_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases, oldest first; `next_after` is the id to go on from, None on the last page."""

    cases: tuple[ReviewCase, ...]
    next_after: str | None


def list_cases(session: Session, query: CaseQuery, *, after: str | None = None, limit: int = 50) -> CasePage:
    """One page of at most `limit` (1 to 200) cases behind the case `after`. An `after` that is no case gives an empty page."""
    limit = max(1, min(limit, MAX_PAGE))
    statement = select(ReviewCase)
    for field in ("state", "stage", "kind", "claimed_by", "generation_id"):
        wanted = getattr(query, field)
        if wanted is not None:
            statement = statement.where(col(getattr(ReviewCase, field)) == str(wanted))
    if query.available_at_ms is not None:
        statement = statement.where(_available(query.available_at_ms))
    if after is not None:
        edge = session.get(ReviewCase, after)
        if edge is None:
            return CasePage((), None)
        statement = statement.where(
            or_(
                col(ReviewCase.opened_ms) > edge.opened_ms,
                and_(col(ReviewCase.opened_ms) == edge.opened_ms, col(ReviewCase.id) > edge.id),
            )
        )
    ordered = statement.order_by(col(ReviewCase.opened_ms), col(ReviewCase.id)).limit(limit + 1)
    rows = tuple(session.exec(ordered))
    return CasePage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def waiting_count(session: Session) -> int:
    """Cases not decided yet, for the metric."""
    undecided = col(ReviewCase.state) != CaseStatus.DECIDED.value
    return int(session.exec(select(func.count()).select_from(ReviewCase).where(undecided)).one())


def oldest_waiting_ms(session: Session) -> int | None:
    """When the oldest undecided case was opened, milliseconds since the epoch; None when none waits."""
    undecided = col(ReviewCase.state) != CaseStatus.DECIDED.value
    return session.exec(select(func.min(ReviewCase.opened_ms)).where(undecided)).one()


def _available(at_ms: int) -> ColumnElement[bool]:
    free = col(ReviewCase.state) == CaseStatus.OPENED.value
    ran_out = and_(col(ReviewCase.state) == CaseStatus.CLAIMED.value, col(ReviewCase.claim_until_ms) <= at_ms)
    return or_(free, ran_out)
