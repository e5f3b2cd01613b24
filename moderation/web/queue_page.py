"""The queue: which cases there are, who has them, and how long they have waited."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select
from starlette.responses import Response

from moderation.generation.rows import request_of
from moderation.generation.tables import Generation
from moderation.review.case_state import CaseStatus
from moderation.review.models import ReviewCase
from moderation.review.queue import count_by, count_cases, list_cases
from moderation.store import now_ms
from moderation.web.filters import NO_CONTENT, STATES, Filter
from moderation.web.render import page
from moderation.web.visit import Visit

PAGE_SIZE = 50
SHOWN_PROMPT = 160


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of the queue; `prompts` by generation id. Counts are of all cases that the other filters let through; the empty
    category is `none`."""

    chosen: Filter
    cases: tuple[ReviewCase, ...]
    prompts: Mapping[str, str]
    onward: str
    by_state: Mapping[str, int]
    by_stage: Mapping[str, int]
    by_category: Mapping[str, int]
    at_ms: int


def show_queue(visit: Visit) -> Response:
    """The whole page."""
    done = visit.request.query_params.get("done", "")
    with visit.desk.services.database.read() as session:
        queue = read_queue(session, Filter.of(visit.request.query_params), visit.staff.account_id)
        decided = session.get(ReviewCase, done) if done else None
    return page(visit, "queue.html", queue=queue, states=STATES, decided=decided)


def show_rows(visit: Visit) -> Response:
    """The part that is fetched again while the page is open."""
    with visit.desk.services.database.read() as session:
        queue = read_queue(session, Filter.of(visit.request.query_params), visit.staff.account_id)
    return page(visit, "queue_part.html", queue=queue, states=STATES)


def show_help(visit: Visit) -> Response:
    """The keys, for those who open them as a page."""
    return page(visit, "help.html")


def read_queue(session: Session, chosen: Filter, moderator: str) -> Queue:
    """One page as `chosen`."""
    at = now_ms(session)
    query = chosen.query(moderator, at)
    listed = list_cases(
        session, query, after=chosen.after or None, limit=PAGE_SIZE, newest_first=chosen.newest_first
    )
    categories = count_by(session, query, "category")
    return Queue(
        chosen=chosen,
        cases=listed.cases,
        prompts=_prompts(session, listed.cases),
        onward=listed.next_after or "",
        by_state={name: count_cases(session, chosen.but(state=name).query(moderator, at)) for name in STATES},
        by_stage=count_by(session, query, "stage"),
        by_category={name or NO_CONTENT: number for name, number in categories.items()},
        at_ms=at,
    )


def _prompts(session: Session, cases: tuple[ReviewCase, ...]) -> Mapping[str, str]:
    """The beginning of each prompt, on one line."""
    wanted = select(Generation).where(col(Generation.id).in_([case.generation_id for case in cases]))
    found = {row.id: " ".join(request_of(row).prompt.split()) for row in session.exec(wanted)}
    return {
        name: text if len(text) <= SHOWN_PROMPT else f"{text[:SHOWN_PROMPT]}…" for name, text in found.items()
    }


def next_free(session: Session, chosen: Filter, moderator: str, *, but: str = "") -> str:
    """The oldest case that this moderator could claim under these filters, or holds already; empty when there is none."""
    at = now_ms(session)
    for state in ("mine", "free"):
        query = chosen.but(state=state).query(moderator, at)
        listed = list_cases(session, query, limit=2)
        found = [case.id for case in listed.cases if case.id != but and case.state != CaseStatus.DECIDED]
        if found:
            return found[0]
    return ""
