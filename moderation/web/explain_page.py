"""One decision explained: what the requester may read beside what staff may read, and what would have to be different.

The look for a text that would pass costs a dozen judgements, so the page makes it only when somebody asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import select
from starlette.responses import Response

from moderation.explaining.explanation import Explanation, explain_decision, operator_part, user_part
from moderation.explaining.seek import not_sought
from moderation.explaining.told import Told, read_told
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from moderation.transparency import audit
from moderation.web.evidence import Evidence, evidence_of
from moderation.web.prompt import Piece, cut
from moderation.web.render import page
from moderation.web.visit import Visit


@dataclass(frozen=True, slots=True)
class ExplainView:
    """The page's content. `user` and `operator` are the parts of the API's answer; `case_id` is the decision's case, or empty."""

    told: Told
    evidence: Evidence
    prompt: tuple[Piece, ...]
    user: Mapping[str, Any]
    operator: Mapping[str, Any]
    case_id: str
    looked: bool


def show_explanation(visit: Visit) -> Response:
    """The page. With `?edit=look` the gate is asked for a text that passes."""
    services = visit.desk.services
    looked = visit.request.query_params.get("edit") == "look"
    with services.database.read() as session:
        told = read_told(session, visit.part("decision"))
        case_id = session.exec(
            select(ReviewCase.id).where(ReviewCase.decision_id == told.decision.id)
        ).first()
    explained = explain_decision(told, services.seek if looked else not_sought)
    _note_look(visit, told)
    return page(visit, "explain.html", view=_view(explained, case_id or "", looked=looked))


def _view(explained: Explanation, case_id: str, *, looked: bool) -> ExplainView:
    told = explained.told
    evidence = evidence_of(told.recorded)
    return ExplainView(
        told=told,
        evidence=evidence,
        prompt=cut(told.request.prompt, "prompt", evidence.numbered()),
        user=user_part(explained),
        operator=operator_part(explained),
        case_id=case_id,
        looked=looked,
    )


def _note_look(visit: Visit, told: Told) -> None:
    """Who read which decision: one row for each session, process and decision."""
    what = (visit.token, told.decision.id)
    if not visit.desk.looked.first(*what):
        return
    try:
        with visit.desk.services.database.transaction() as session:
            audit.record(
                session, actor=visit.staff.account_id, act="decision.read", subject=told.decision.id,
                detail={"generation_id": told.decision.generation_id}, at_ms=now_ms(session),
            )  # fmt: skip
    except BaseException:
        visit.desk.looked.forget(*what)
        raise
