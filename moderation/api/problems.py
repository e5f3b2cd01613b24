"""Every error of the HTTP surface in one shape: RFC 9457 problem details with a stable code, field, value and remedy."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from consent.errors import ConsentError
from moderation.errors import Kind, ServiceError, shorten
from moderation.generation.request_stage import ConsentMoved
from moderation.generation.state import IllegalStep

MEDIA_TYPE = "application/problem+json"
URN = "urn:safeconduct:problem:"
SHOWN_FAULTS = 10

STATUS: Mapping[Kind, int] = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.LEGAL: 451,
    Kind.TOO_LARGE: 413,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}
CONSENT_KINDS: Mapping[str, Kind] = {
    "likeness.unknown": Kind.NOT_FOUND,
    "likeness.erased": Kind.GONE,
    "likeness.revoked": Kind.CONFLICT,
    "likeness.used_up": Kind.CONFLICT,
    "enrolment.handle_taken": Kind.CONFLICT,
    "enrolment.face_taken": Kind.CONFLICT,
    "enrolment.face_protected": Kind.FORBIDDEN,
    "enrolment.voice_taken": Kind.CONFLICT,
    "enrolment.voice_protected": Kind.FORBIDDEN,
    "index.stale": Kind.UNAVAILABLE,
    "vault.master_key": Kind.UNAVAILABLE,
    "vault.template_unreadable": Kind.UNAVAILABLE,
    "works.unknown_record": Kind.NOT_FOUND,
    "works.not_yours": Kind.FORBIDDEN,
}
STATUS_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": 'Bearer realm="safeconduct"', "Connection": "close"},
    413: {"Connection": "close"},  # else the server reads on to the end of a body that nobody wants
    429: {"Retry-After": "60"},
    503: {"Retry-After": "1"},
}
HTTP_REMEDIES: Mapping[int, tuple[str, str]] = {
    400: ("http.bad_request", "correct the request and send it again"),
    404: ("http.not_found", "see /v1/openapi.json for the paths there are"),
    405: ("http.method_not_allowed", "use one of the methods in the Allow header"),
    413: ("body.too_large", "send less"),
    415: ("body.media_type", "send the media type that /v1/openapi.json names"),
}


class Fault(BaseModel):
    """One thing wrong with a request."""

    field: str
    value: str
    message: str


class Problem(BaseModel):
    """An error, RFC 9457. `code` is stable; `field`, `value` (shortened) and `remedy` say what to change."""

    type: str = Field(examples=[f"{URN}account.unknown"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no account has this id"])
    code: str = Field(examples=["account.unknown"])
    field: str = Field(default="", examples=["account_id"])
    value: str = Field(default="", examples=["acct_17"])
    remedy: str = Field(default="", examples=["make the account first (POST /v1/accounts) or correct the id"])
    instance: str = Field(default="", description="The id of this request in the logs.")
    errors: list[Fault] = Field(default_factory=list, description="All faults, when there are several.")


class Carried(HTTPException):
    """Carries a `ServiceError` through FastAPI's body reading, which turns any other exception into a bare 400."""

    def __init__(self, error: ServiceError, status: int | None = None) -> None:
        super().__init__(status or STATUS[error.kind], detail=error.sentence)
        self.error = error


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    app.add_exception_handler(ServiceError, _on_service_error)
    for known in (ConsentError, IllegalStep, ConsentMoved, OperationalError):
        app.add_exception_handler(known, _on_known)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """`problem` as an answer."""
    return JSONResponse(
        problem.model_dump(exclude_defaults=True),
        status_code=problem.status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def make_problem(
    request_id: str,
    status: int,
    code: str,
    detail: str,
    *,
    field: str = "",
    value: str = "",
    remedy: str = "",
) -> Problem:
    """A problem with its type and title filled in."""
    return Problem(
        type=f"{URN}{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        field=field,
        value=value,
        remedy=remedy,
        instance=request_id,
    )


def internal_error(request_id: str) -> JSONResponse:
    """What is told of an error that nobody foresaw: nothing but where to look."""
    return problem_response(
        make_problem(
            request_id,
            500,
            "service.internal",
            "something went wrong here",
            remedy="try again later; the instance names this request to the operator",
        )
    )


def request_id(request: Request) -> str:
    """The id that the middleware gave this request."""
    return str(request.scope.get("safeconduct_request_id", ""))


def service_problem(error: ServiceError, request_id: str, status: int | None = None) -> JSONResponse:
    """A `ServiceError` as an answer."""
    problem = _of_service_error(error, request_id, status)
    return problem_response(problem, STATUS_HEADERS.get(problem.status))


def problem_of(error: Exception, request_id: str) -> Problem | None:
    """What is told of an error that a caller can act on; None for one that nobody foresaw."""
    match error:
        case ServiceError():
            return _of_service_error(error, request_id)
        case ConsentError():
            return _of_consent_error(error, request_id)
        case IllegalStep():
            return _of_illegal_step(error, request_id)
        case ConsentMoved():
            return _of_consent_moved(request_id)
        case OperationalError():
            return _of_database_lost(request_id)
    return None


def _of_service_error(error: ServiceError, request_id: str, status: int | None = None) -> Problem:
    if error.for_operator:
        return make_problem(
            request_id,
            status or STATUS[error.kind],
            error.code,
            "a part of the service does not work now; nothing was done",
            remedy="send it again later; an operator reads the cause under /health",
        )
    return make_problem(
        request_id,
        status or STATUS[error.kind],
        error.code,
        error.sentence,
        field=error.field,
        value=error.value,
        remedy=error.remedy,
    )


def _of_consent_error(error: ConsentError, request_id: str) -> Problem:
    status = STATUS[CONSENT_KINDS.get(error.code, Kind.INVALID)]
    field, _, sentence = error.sentence.partition(": ")
    if not sentence or " " in field:
        field, sentence = "", error.sentence
    what, _, remedy = sentence.partition("; ")
    return make_problem(request_id, status, error.code, what, field=field, remedy=remedy)


def _of_illegal_step(error: IllegalStep, request_id: str) -> Problem:
    return make_problem(
        request_id,
        409,
        error.code,
        f"a generation that is {error.state.value} cannot {error.step.value}",
        field="state",
        value=error.state.value,
        remedy="read the generation again: it has moved on",
    )


def _of_consent_moved(request_id: str) -> Problem:
    return make_problem(
        request_id,
        409,
        "consent.moved",
        "an owner changed their consent at this very moment",
        field="likenesses",
        remedy="read it again and decide on what is true now",
    )


def _of_database_lost(request_id: str) -> Problem:
    return make_problem(
        request_id,
        503,
        "store.unreachable",
        "the database does not answer now; nothing was done",
        remedy="send the request again in a moment",
    )


async def _on_service_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)
    return service_problem(error, request_id(request))


async def _on_known(request: Request, error: Exception) -> JSONResponse:
    problem = problem_of(error, request_id(request))
    assert problem is not None
    return problem_response(problem, {"Retry-After": "5"} if problem.status == 503 else None)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, Carried):
        return service_problem(error.error, request_id(request), error.status_code)
    code, remedy = HTTP_REMEDIES.get(error.status_code, (f"http.{error.status_code}", ""))
    problem = make_problem(
        request_id(request),
        error.status_code,
        code,
        str(error.detail),
        field="method" if error.status_code == 405 else "path",
        value=request.method if error.status_code == 405 else shorten(request.url.path),
        remedy=remedy,
    )
    return problem_response(problem, error.headers)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [_fault(raw) for raw in error.errors()[:SHOWN_FAULTS]]
    first = faults[0]
    problem = make_problem(
        request_id(request),
        422,
        "request.invalid",
        f"{first.field}: {first.message}",
        field=first.field,
        value=first.value,
        remedy="correct the fields named here; /v1/openapi.json describes them",
    )
    problem.errors = faults if len(faults) > 1 else []
    return problem_response(problem)


def _fault(raw: Mapping[str, Any]) -> Fault:
    return Fault(
        field=_field(raw.get("loc", ())), value=shorten(raw.get("input", "")), message=str(raw.get("msg", ""))
    )


def _field(loc: Sequence[object]) -> str:
    parts = [str(part) for part in loc]
    return ".".join(parts[1:]) if parts[:1] == ["body"] and len(parts) > 1 else ".".join(parts)
