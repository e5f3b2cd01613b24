"""What went wrong, as a page with the same sentence, remedy and code as the API's problem (RFC 9457)."""

from starlette.responses import JSONResponse, RedirectResponse, Response

from moderation.accounts.sessions import SignedOut
from moderation.api.problems import STATUS_HEADERS, Problem, make_problem, problem_of, problem_response
from moderation.observability.logs import describe_failure, get_logger
from moderation.web.render import page
from moderation.web.visit import Visit

_log = get_logger(__name__)
_KEPT = ("note", "reason", "document")
"""What somebody has written into a form must not be lost because it could not be sent."""


def told(error: Exception, request_id: str) -> Problem:
    """The problem of any error; of one that nobody foresaw only where to look, and the rest goes to the log."""
    problem = problem_of(error, request_id)
    if problem is not None:
        return problem
    _log.error("page.failed", request_id=request_id, **describe_failure(error))
    return make_problem(
        request_id,
        500,
        "service.internal",
        "something went wrong here",
        remedy="try again later; the number below names this request to the operator",
    )


def failed(visit: Visit, error: Exception, request_id: str) -> Response:
    """A page, or a problem for a script. Who is not signed in is taken to the sign-in page and back."""
    problem = told(error, request_id)
    if visit.by_script:
        return _as_json(problem)
    if isinstance(error, SignedOut) and visit.request.method == "GET":
        return RedirectResponse(f"/review/sign-in?{back_to(visit)}", status_code=303)
    kept = {name: visit.form[name] for name in _KEPT if visit.form.get(name)}
    answer = page(visit, "error.html", status=problem.status, problem=problem, kept=kept)
    answer.headers.update(_headers(problem.status))
    return answer


def back_to(visit: Visit) -> str:
    """The query that brings somebody back to where they wanted to go."""
    from urllib.parse import urlencode

    url = visit.request.url
    return urlencode({"next": f"{url.path}?{url.query}" if url.query else url.path})


def _as_json(problem: Problem) -> JSONResponse:
    return problem_response(problem, _headers(problem.status))


def _headers(status: int) -> dict[str, str]:
    """As the API's, without the challenge: these pages take no key in a header."""
    return {name: value for name, value in STATUS_HEADERS.get(status, {}).items() if name == "Retry-After"}
