"""Listing and counting cases: filtered, oldest first (decided ones newest first), page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from moderation.review.case_state import CaseStatus
from moderation.review.models import ReviewCase

MAX_PAGE = 200
_FIELDS = ("state", "stage", "kind", "category", "claimed_by", "decided_by", "generation_id")


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which cases. `available_at_ms`: only those a moderator could claim at that time; `undecided`: only those not decided yet;
    `category` may be empty, for decisions about no content."""

    state: CaseStatus | None = None
    stage: str | None = None
    kind: str | None = None
    category: str | None = None
    claimed_by: str | None = None
    decided_by: str | None = None
    generation_id: str | None = None
    available_at_ms: int | None = None
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases in their order; `next_after` is the id to go on from, None on the last page."""

    cases: tuple[ReviewCase, ...]
    next_after: str | None


def list_cases(
    session: Session,
    query: CaseQuery,
    *,
    after: str | None = None,
    limit: int = 50,
    newest_first: bool = False,
) -> CasePage:
    """One page of at most `limit` (1 to 200) cases behind the case `after`. An `after` that is no case gives an empty page."""
    limit = max(1, min(limit, MAX_PAGE))
    statement = select(ReviewCase).where(*_conditions(query))
    if after is not None:
        edge = session.get(ReviewCase, after)
        if edge is None:
            return CasePage((), None)
        statement = statement.where(_behind(edge, newest_first))
    keys = (col(ReviewCase.opened_ms), col(ReviewCase.id))
    ordered = statement.order_by(*(key.desc() if newest_first else key for key in keys)).limit(limit + 1)
    rows = tuple(session.exec(ordered))
    return CasePage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def count_cases(session: Session, query: CaseQuery) -> int:
    """How many cases there are of this kind."""
    return int(session.exec(select(func.count()).select_from(ReviewCase).where(*_conditions(query))).one())


def count_by(session: Session, query: CaseQuery, field: Literal["stage", "category"]) -> Mapping[str, int]:
    """How many cases for each value of `stage` or `category`, whatever the query says of that field itself."""
    column = col(getattr(ReviewCase, field))
    others = replace(query, stage=None) if field == "stage" else replace(query, category=None)
    counted = select(column, func.count()).where(*_conditions(others)).group_by(column).order_by(column)
    return {str(value): int(number) for value, number in session.exec(counted)}


def waiting_count(session: Session) -> int:
    """Cases not decided yet, for the metric."""
    return count_cases(session, CaseQuery(undecided=True))


def _conditions(query: CaseQuery) -> list[ColumnElement[bool]]:
    wanted = [(name, getattr(query, name)) for name in _FIELDS]
    found = [col(getattr(ReviewCase, name)) == str(value) for name, value in wanted if value is not None]
    if query.undecided:
        found.append(col(ReviewCase.state) != CaseStatus.DECIDED.value)
    if query.available_at_ms is not None:
        found.append(_available(query.available_at_ms))
    return found


def _behind(edge: ReviewCase, newest_first: bool) -> ColumnElement[bool]:
    opened, name = col(ReviewCase.opened_ms), col(ReviewCase.id)
    if newest_first:
        return or_(opened < edge.opened_ms, and_(opened == edge.opened_ms, name < edge.id))
    return or_(opened > edge.opened_ms, and_(opened == edge.opened_ms, name > edge.id))


def oldest_waiting_ms(session: Session) -> int | None:
    """When the oldest undecided case was opened, milliseconds since the epoch; None when none waits."""
    undecided = col(ReviewCase.state) != CaseStatus.DECIDED.value
    return session.exec(select(func.min(ReviewCase.opened_ms)).where(undecided)).one()


def _available(at_ms: int) -> ColumnElement[bool]:
    free = col(ReviewCase.state) == CaseStatus.OPENED.value
    ran_out = and_(col(ReviewCase.state) == CaseStatus.CLAIMED.value, col(ReviewCase.claim_until_ms) <= at_ms)
    return or_(free, ran_out)
