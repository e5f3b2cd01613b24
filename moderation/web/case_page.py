"""One case: everything that is needed to decide it, and the forms to do so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session
from starlette.responses import JSONResponse, Response

from moderation.api.problems import Problem
from moderation.review.case_state import CaseStatus, Outcome
from moderation.review.cases import get_case
from moderation.review.grounds import GROUNDS, MAX_NOTE
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from moderation.transparency import audit
from moderation.web.dossier import Dossier, read_dossier
from moderation.web.evidence import Evidence, evidence_of
from moderation.web.filters import Filter
from moderation.web.media_view import AssetView, view_asset
from moderation.web.prompt import Piece, cut
from moderation.web.render import page
from moderation.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody tried and why it could not be done; `written` are the fields of their form, so that nothing is lost."""

    problem: Problem | None = None
    written: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hold:
    """How the case stands for whoever looks at it. `by_me`: they hold it now."""

    by_me: bool
    by_other: str
    until_ms: int
    decided: bool

    @classmethod
    def of(cls, case: ReviewCase, moderator: str, at_ms: int) -> "Hold":
        """Of a case at a time; a claim that ran out is none."""
        live = case.state == CaseStatus.CLAIMED and at_ms < case.claim_until_ms
        mine = live and case.claimed_by == moderator
        other = str(case.claimed_by) if live and not mine else ""
        return cls(mine, other, case.claim_until_ms if live else 0, case.state == CaseStatus.DECIDED)


@dataclass(frozen=True, slots=True)
class CaseView:
    """The page's content. `queue` is the filter the moderator came with."""

    dossier: Dossier
    evidence: Evidence
    prompt: tuple[Piece, ...]
    assets: tuple[AssetView, ...]
    hold: Hold
    queue: Filter
    may_allow: bool
    suggested: str


def show_case(visit: Visit) -> Response:
    """The page, as it is now."""
    return render_case(visit, Filter.of(visit.request.query_params))


def show_state(visit: Visit) -> Response:
    """How the case stands, for the open page to notice when somebody else was quicker."""
    with visit.desk.services.database.read() as session:
        case = get_case(session, visit.part("case"))
        at = now_ms(session)
    hold = Hold.of(case, visit.staff.account_id, at)
    body = {
        "state": case.state,
        "by_me": hold.by_me,
        "by_other": hold.by_other,
        "left_ms": max(0, hold.until_ms - at),
        "outcome": case.outcome,
        "decided_by": case.decided_by,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def render_case(visit: Visit, queue: Filter, attempt: Attempt | None = None) -> Response:
    """The page; with an attempt that failed, under its status and with what was written."""
    attempt = attempt or Attempt()
    with visit.desk.services.database.read() as session:
        view = view_case(session, visit, queue)
    _note_look(visit, view.dossier)
    status = attempt.problem.status if attempt.problem else 200
    return page(
        visit, "case.html", status=status, view=view, attempt=attempt, grounds=GROUNDS, outcomes=Outcome,
        max_note=MAX_NOTE, done=visit.request.query_params.get("done", ""),
    )  # fmt: skip


def view_case(session: Session, visit: Visit, queue: Filter) -> CaseView:
    """Read and arrange everything. Raises `CaseUnknown`."""
    dossier = read_dossier(session, visit.part("case"))
    evidence = evidence_of(dossier.judged.recorded)
    standing = dossier.standing
    return CaseView(
        dossier=dossier,
        evidence=evidence,
        prompt=cut(dossier.request.prompt, "prompt", evidence.numbered()),
        assets=_assets(dossier, evidence),
        hold=Hold.of(dossier.case, visit.staff.account_id, dossier.at_ms),
        queue=queue,
        may_allow=dossier.case.overridable and not standing.objections and not standing.moved_on,
        suggested=_suggested(dossier),
    )


def _assets(dossier: Dossier, evidence: Evidence) -> tuple[AssetView, ...]:
    seen: dict[str, Mapping[str, Any]] = {str(one["asset"]): one for one in dossier.perceived}
    output = dossier.generation.output_sha256
    files = [(output, "output")] if output else []
    files += [(sha256, "reference") for sha256 in dossier.request.references]
    return tuple(view_asset(sha256, role, seen.get(sha256, {}), evidence) for sha256, role in files)


def _suggested(dossier: Dossier) -> str:
    """The ground for a block that the machine would give."""
    if dossier.standing.ended:
        return "moot"
    category = dossier.judged.recorded.ruling.category
    return category.value if category else "could_not_judge"


def _note_look(visit: Visit, dossier: Dossier) -> None:
    """Who read which case: one row for each session, process and case."""
    what = (visit.token, dossier.case.id)
    if not visit.desk.looked.first(*what):
        return
    try:
        with visit.desk.services.database.transaction() as session:
            detail = {"generation_id": dossier.generation.id}
            audit.record(
                session, actor=visit.staff.account_id, act="case.read", subject=dossier.case.id, detail=detail,
                at_ms=dossier.at_ms,
            )  # fmt: skip
    except BaseException:
        visit.desk.looked.forget(*what)
        raise
