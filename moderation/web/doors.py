"""Signing in with a key, and out again. The key is looked at once and kept nowhere."""

from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from moderation.accounts.keys import KeyRefused, Principal, authenticate
from moderation.accounts.sessions import end_session, open_session
from moderation.accounts.sign_in import count_failure, require_room, source_of
from moderation.api.auth import MAX_KEY_LENGTH, RoleMissing
from moderation.api.problems import Problem, problem_of, request_id
from moderation.errors import ServiceError
from moderation.store import now_ms
from moderation.web.render import page
from moderation.web.rooms import HOME, STAFF, home_of
from moderation.web.visit import Visit, new_token, set_cookie


def show_sign_in(visit: Visit) -> Response:
    """The form; whoever is signed in already goes on."""
    onward = local(visit.request.query_params.get("next", ""))
    if visit.who is not None and visit.who.may(*STAFF):
        return RedirectResponse(_for(visit.who, onward), status_code=303)
    return _form(visit, onward, None)


def sign_in(visit: Visit) -> Response:
    """Exchange the key for a session; whatever cookie was there before is worth nothing afterwards."""
    onward = local(visit.form.get("next", ""))
    try:
        who = _look_at(visit, visit.form.get("key", "").strip())
    except ServiceError as error:
        problem = problem_of(error, request_id(visit.request))
        assert problem is not None
        return _form(visit, onward, problem)
    with visit.desk.services.database.transaction() as session:
        token = open_session(session, who, now_ms=now_ms(session), replacing=visit.token)
    visit.desk.services.metrics.happened("staff.signed_in")
    answer = RedirectResponse(_for(who, onward), status_code=303)
    set_cookie(visit.desk, visit.request, answer, token)
    return answer


def sign_out(visit: Visit) -> Response:
    """End the session. Doing it again is no fault."""
    with visit.desk.services.database.transaction() as session:
        end_session(session, visit.token, now_ms=now_ms(session))
    answer = RedirectResponse("/review/sign-in", status_code=303)
    set_cookie(visit.desk, visit.request, answer, new_token())
    return answer


def local(address: str) -> str:
    """`address` if it is one of these pages, else the queue: a link must not lead elsewhere through the sign-in."""
    parts = urlsplit(address)
    inside = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    plain = not parts.scheme and not parts.netloc and "\\" not in address and address.isprintable()
    return address if inside and plain else HOME


def _for(who: Principal, onward: str) -> str:
    """Whoever wants nothing in particular begins where there is something for them."""
    return home_of(who) if onward == HOME else onward


def _look_at(visit: Visit, key: str) -> Principal:
    """Whose key it is. Raises `TooManyFailures`, `KeyRefused`, or `RoleMissing` for a good key of somebody else."""
    services = visit.desk.services
    client = visit.request.client
    source = source_of(client.host if client else "", services.link_secret)
    with services.database.read() as session:
        at = now_ms(session)
        require_room(session, source, now_ms=at)
        try:
            who = authenticate(session, key if len(key) <= MAX_KEY_LENGTH else "")
        except KeyRefused:
            who = None
    if who is None:
        with services.database.transaction() as session:
            count_failure(session, source, now_ms=at)
        services.metrics.happened("staff.key_refused")
        raise KeyRefused
    if not who.may(*STAFF):
        raise RoleMissing(STAFF, who.roles)
    return who


def _form(visit: Visit, onward: str, problem: Problem | None) -> Response:
    status = problem.status if problem else 200
    answer = page(visit, "sign_in.html", status=status, onward=onward, problem=problem)
    if status == 429:
        answer.headers["Retry-After"] = "300"
    return answer
