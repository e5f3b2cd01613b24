"""What a moderator does with a case: the same commands as the API's, so that whatever holds there holds here.

Each may be sent twice: what is done already is done. What cannot be done is told on the case's page, with everything that was
written still in its field.
"""

from collections.abc import Callable

from sqlmodel import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from moderation.api.problems import problem_of, request_id
from moderation.errors import ServiceError
from moderation.review import cases
from moderation.review.case_state import CaseStatus, Outcome
from moderation.review.grounds import written_reason
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from moderation.web.case_page import Attempt, Hold, render_case
from moderation.web.filters import Filter
from moderation.web.queue_page import next_free
from moderation.web.visit import Visit

Act = Callable[[Session, ReviewCase, int], object]


class ActUnknown(ServiceError):
    """The form names no act, or no number where a number belongs."""

    code = "form.act_unknown"


def claim(visit: Visit) -> Response:
    """Hold the case. Whoever holds it already goes on holding it under the same token: another window of theirs stays right."""
    moderator = visit.staff.account_id

    def act(session: Session, case: ReviewCase, at_ms: int) -> None:
        if Hold.of(case, moderator, at_ms).by_me:
            cases.renew(session, case.id, moderator=moderator, token=case.claim_token, now_ms=at_ms)
        else:
            cases.claim(session, case.id, moderator=moderator, now_ms=at_ms)

    return _do(visit, act, lambda _: _case_address(visit))


def renew(visit: Visit) -> Response:
    """Hold it longer; a script reads how long."""
    with visit.desk.services.database.transaction() as session:
        at = now_ms(session)
        case = cases.renew(
            session, visit.part("case"), moderator=visit.staff.account_id, token=_token(visit), now_ms=at
        )
        left_ms = case.claim_until_ms - at
    if visit.by_script:
        return JSONResponse({"left_ms": left_ms}, headers={"Cache-Control": "no-store"})
    return RedirectResponse(_case_address(visit), status_code=303)


def give_back(visit: Visit) -> Response:
    """Return it to the queue; a case that one does not hold any more is there already."""
    moderator = visit.staff.account_id

    def act(session: Session, case: ReviewCase, at_ms: int) -> None:
        if Hold.of(case, moderator, at_ms).by_me:
            cases.release_claim(session, case.id, moderator=moderator, token=_token(visit), now_ms=at_ms)

    return _do(visit, act, lambda _: _queue_address(visit))


def decide(visit: Visit) -> Response:
    """Allow or block, and go on to the next case. The same decision sent again by the same person goes on, too."""

    def act(session: Session, case: ReviewCase, at_ms: int) -> None:
        outcome = _outcome(visit)
        reason = written_reason(
            outcome, visit.form.get(f"ground_{outcome.value}", ""), visit.form.get("note", "")
        )
        if _is_done(case, visit.staff.account_id, outcome, reason):
            return
        cases.decide(
            session, case.id, moderator=visit.staff.account_id, token=_token(visit), outcome=outcome, reason=reason,
            now_ms=at_ms, on_decided=visit.desk.services.on_case_decided,
        )  # fmt: skip

    return _do(visit, act, lambda session: _onward(session, visit, visit.part("case")))


def take_next(visit: Visit) -> Response:
    """Open the oldest case that is free."""
    with visit.desk.services.database.read() as session:
        address = _onward(session, visit, visit.form.get("but", ""), decided=False)
    return RedirectResponse(address, status_code=303)


def _do(visit: Visit, act: Act, onward: Callable[[Session], str]) -> Response:
    """Run an act in one transaction; where to go then, or the case's page with what stood in the way."""
    database = visit.desk.services.database
    try:
        with database.transaction() as session:
            case = cases.get_case(session, visit.part("case"), lock=True)
            act(session, case, now_ms(session))
    except Exception as error:
        problem = problem_of(error, request_id(visit.request))
        if problem is None or isinstance(error, cases.CaseUnknown) or problem.status == 503:
            raise
        return render_case(visit, _filter(visit), Attempt(problem, visit.form))
    with database.read() as session:
        return RedirectResponse(onward(session), status_code=303)


def _is_done(case: ReviewCase, moderator: str, outcome: Outcome, reason: str) -> bool:
    done = (CaseStatus.DECIDED.value, moderator, outcome.value, reason)
    return (case.state, case.decided_by, case.outcome, case.reason) == done


def _outcome(visit: Visit) -> Outcome:
    given = visit.form.get("outcome", "")
    if given not in set(Outcome):
        raise ActUnknown(
            "choose allow or block", field="outcome", value=given, remedy="press one of the two buttons"
        )
    return Outcome(given)


def _token(visit: Visit) -> int:
    given = visit.form.get("claim_token", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise ActUnknown(
            "is the number of your claim",
            field="claim_token",
            value=given,
            remedy="claim the case, then decide",
        )
    return int(given)


def _filter(visit: Visit) -> Filter:
    return Filter.parse(visit.form.get("queue", ""))


def _onward(session: Session, visit: Visit, case_id: str, *, decided: bool = True) -> str:
    chosen = _filter(visit)
    following = next_free(session, chosen, visit.staff.account_id, but=case_id)
    done = f"done={case_id}" if decided else ""
    query = "&".join(part for part in (chosen.but().written, done) if part)
    page = f"/review/cases/{following}" if following else "/review"
    return f"{page}?{query}" if query else page


def _case_address(visit: Visit) -> str:
    written = _filter(visit).written
    return f"/review/cases/{visit.part('case')}" + (f"?{written}" if written else "")


def _queue_address(visit: Visit) -> str:
    written = _filter(visit).written
    return "/review" + (f"?{written}" if written else "")
