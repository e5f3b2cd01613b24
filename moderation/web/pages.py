"""Every page there is, who may open it, and the way from a request to an answer.

A page without a door cannot be listed; before the door has been passed, the session is all that is read from the database, and of
the form no more than a bounded number of bytes, which nobody looks at.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from moderation.accounts.models import Role
from moderation.accounts.sessions import Resumed, SignedOut, note_life, resume
from moderation.api.auth import RoleMissing
from moderation.api.problems import request_id
from moderation.errors import Kind, ServiceError
from moderation.store import now_ms
from moderation.web import (
    acts,
    case_page,
    doors,
    explain_page,
    media,
    policies_page,
    policy_acts,
    policy_new,
    policy_page,
    queue_page,
)
from moderation.web.desk import Desk
from moderation.web.errors import failed
from moderation.web.render import STATIC
from moderation.web.rooms import ANYBODY, MODERATORS, POLICY_STAFF, home_of
from moderation.web.visit import (
    MAX_FORM_BYTES,
    FormUnreadable,
    Visit,
    cookie_name,
    new_token,
    read_form,
    require_own_form,
    set_cookie,
)

MAX_DOCUMENT_FORM = 1024 * 1024
"""Bytes, as a browser sends it: some twenty times the shipped document."""
API_PATHS = ("/v1/", "/health", "/metrics")


class PageUnknown(ServiceError):
    """No page has this address."""

    code = "page.unknown"
    kind = Kind.NOT_FOUND


class PageNotTakenSo(ServiceError):
    """The page is there, but not for this method."""

    code = "page.method"
    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Page:
    """`roles` are those who may open it; empty for anybody. `background`: asking for it is no sign of life of a person.
    `form_bytes` bounds what may be sent to it."""

    method: str
    path: str
    show: Callable[[Visit], Response]
    roles: frozenset[Role]
    background: bool = False
    form_bytes: int = MAX_FORM_BYTES


PAGES = (
    Page("GET", "/", lambda visit: RedirectResponse(home_of(visit.who), status_code=303), ANYBODY),
    Page("GET", "/review/sign-in", doors.show_sign_in, ANYBODY),
    Page("POST", "/review/sign-in", doors.sign_in, ANYBODY),
    Page("POST", "/review/sign-out", doors.sign_out, ANYBODY),
    Page("GET", "/review", queue_page.show_queue, MODERATORS),
    Page("GET", "/review/queue", queue_page.show_rows, MODERATORS, background=True),
    Page("GET", "/review/help", queue_page.show_help, MODERATORS),
    Page("GET", "/review/cases/{case}", case_page.show_case, MODERATORS),
    Page("GET", "/review/cases/{case}/state", case_page.show_state, MODERATORS, background=True),
    Page("GET", "/review/cases/{case}/media/{sha256}", media.show_clip, MODERATORS),
    Page("GET", "/review/cases/{case}/frames/{sha256}/{time}.jpg", media.show_frame, MODERATORS),
    Page("POST", "/review/cases/{case}/claim", acts.claim, MODERATORS),
    Page("POST", "/review/cases/{case}/renew", acts.renew, MODERATORS, background=True),
    Page("POST", "/review/cases/{case}/return", acts.give_back, MODERATORS),
    Page("POST", "/review/cases/{case}/decide", acts.decide, MODERATORS),
    Page("GET", "/review/decisions/{decision}", explain_page.show_explanation, MODERATORS),
    Page("POST", "/review/next", acts.take_next, MODERATORS),
    Page("GET", "/review/policies", policies_page.show_policies, POLICY_STAFF),
    Page("GET", "/review/policies/new", policy_new.show_form, POLICY_STAFF),
    Page("POST", "/review/policies/new", policy_new.register, POLICY_STAFF, form_bytes=MAX_DOCUMENT_FORM),
    Page("GET", "/review/policies/{revision}", policy_page.show_policy, POLICY_STAFF),
    Page("POST", "/review/policies/{revision}/backtest", policy_acts.backtest, POLICY_STAFF),
    Page("POST", "/review/policies/{revision}/shadow", policy_acts.shadow, POLICY_STAFF),
    Page("POST", "/review/policies/{revision}/rollout", policy_acts.rollout, POLICY_STAFF),
    Page("POST", "/review/policies/{revision}/activate", policy_acts.activate, POLICY_STAFF),
    Page("POST", "/review/policies/{revision}/rollback", policy_acts.rollback, POLICY_STAFF),
    Page("POST", "/review/policies/{revision}/retire", policy_acts.retire, POLICY_STAFF),
)


def make_pages(desk: Desk) -> Starlette:
    """The pages as an application of their own."""
    routes: list[BaseRoute] = [Route(page.path, _serve(page, desk), methods=[page.method]) for page in PAGES]
    static = StaticFiles(directory=STATIC)
    return Starlette(
        routes=[_kept_for_good(static), *routes], exception_handlers={HTTPException: _unknown(desk)}
    )


class Front:
    """In front of the API: hands browsers their pages, and a page for an address that is nothing."""

    def __init__(self, app: ASGIApp, *, desk: Desk) -> None:
        self._api = app
        self._pages = make_pages(desk)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pages for the pages' addresses, and for a browser at any address that is not the API's."""
        ours = scope["type"] == "http" and _is_a_page(scope)
        await (self._pages if ours else self._api)(scope, receive, send)


def _is_a_page(scope: Scope) -> bool:
    path = scope["path"]
    if path in {"/", "/review"} or path.startswith("/review/"):
        return True
    wants = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in wants and not path.startswith(API_PATHS)


def _serve(page: Page, desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        request.scope["route"] = page  # what the log and the metrics call this request
        form: Any = {}
        unreadable: FormUnreadable | None = None
        if request.method == "POST":
            try:
                form = await read_form(request, at_most=page.form_bytes)
            except FormUnreadable as error:
                unreadable = error
        return await run_in_threadpool(_answer, page, desk, request, form, unreadable)

    return serve


def _answer(
    page: Page, desk: Desk, request: Request, form: Any, unreadable: FormUnreadable | None
) -> Response:
    visit = Visit(desk, request, form, new_token(), True, None)
    try:
        visit = _recognise(page, visit)
        _admit(page, visit)
        if request.method == "POST":
            require_own_form(request, form, visit.token)
        if unreadable is not None:
            raise unreadable
        answer = page.show(visit)
    except Exception as error:  # the last catch of a page: whatever it is, a person reads a page about it
        answer = failed(visit, error, request_id(request))
    if visit.fresh and "set-cookie" not in answer.headers:
        set_cookie(desk, request, answer, visit.token)
    return answer


def _recognise(page: Page, visit: Visit) -> Visit:
    """Who it is, by their cookie."""
    token = visit.request.cookies.get(cookie_name(visit.desk, visit.request), "")
    if not token:
        return visit
    resumed = _resume(page, visit.desk, token)
    who, until_ms = (resumed.who, resumed.until_ms) if resumed else (None, 0)
    return Visit(visit.desk, visit.request, visit.form, token, False, who, until_ms)


def _resume(page: Page, desk: Desk, token: str) -> Resumed | None:
    try:
        with desk.services.database.read() as session:
            at = now_ms(session)
            resumed = resume(session, token, now_ms=at)
    except SignedOut:
        return None
    if resumed.stale and not page.background:
        with desk.services.database.transaction() as session:
            note_life(session, token, now_ms=at)
    return resumed


def _admit(page: Page, visit: Visit) -> None:
    """Raises `SignedOut` or `RoleMissing`."""
    if page.roles and not visit.staff.may(*page.roles):
        raise RoleMissing(page.roles, visit.staff.roles)


def _unknown(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405 and request.method == "GET":  # the address of an act, opened anew
            return RedirectResponse(request.url.path.rpartition("/")[0], status_code=303)
        kind = PageUnknown if error.status_code == 404 else PageNotTakenSo
        problem = kind(
            "there is nothing here",
            field="path",
            value=request.url.path,
            remedy="go back to the queue: /review",
        )
        visit = Visit(desk, request, {}, new_token(), False, None)
        return await run_in_threadpool(failed, visit, problem, request_id(request))

    return answer


def _kept_for_good(static: StaticFiles) -> BaseRoute:
    from starlette.routing import Mount

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_kept(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message["headers"] = [
                    *message["headers"], (b"cache-control", b"public, max-age=31536000, immutable"),
                ]  # fmt: skip
            await send(message)

        scope["route"] = Page("GET", "/review/static", doors.show_sign_in, ANYBODY)
        await static(scope, receive, send_kept)

    return Mount("/review/static", app=serve)
