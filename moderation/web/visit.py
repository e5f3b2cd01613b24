"""One request of a browser: what it sent, who is behind it, and the token that its forms must carry."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from moderation.accounts.keys import Principal
from moderation.accounts.sessions import SignedOut
from moderation.errors import Kind, ServiceError
from moderation.web.desk import Desk

MAX_FORM_BYTES = 64 * 1024
MAX_FIELDS = 40
CSRF = "csrf"
CSRF_HEADER = "x-csrf-token"
_FORM = "application/x-www-form-urlencoded"


class ForeignForm(ServiceError):
    """The form was not sent from a page that we made for this browser."""

    code = "form.foreign"
    kind = Kind.FORBIDDEN

    def __init__(self) -> None:
        super().__init__(
            "this form does not come from a page of yours here",
            field=CSRF,
            remedy="open the page anew and send it again; cookies must be on",
        )


class FormUnreadable(ServiceError):
    """The body is no form."""

    code = "form.unreadable"

    def __init__(self, why: str) -> None:
        super().__init__(why, field="body", remedy="send the form of the page as it is")


@dataclass(frozen=True, slots=True)
class Visit:
    """`token` is what the cookie holds, `fresh` that it must be set; `who` is None where nobody is signed in."""

    desk: Desk
    request: Request
    form: Mapping[str, str]
    token: str
    fresh: bool
    who: Principal | None
    until_ms: int = 0

    @property
    def staff(self) -> Principal:
        """Who is signed in. Raises `SignedOut`."""
        if self.who is None:
            raise SignedOut
        return self.who

    @property
    def csrf(self) -> str:
        """What a form of this browser carries."""
        return csrf_of(self.token)

    @property
    def by_script(self) -> bool:
        """Whether a script of ours asks, which reads JSON, and not a person who reads a page."""
        return "application/json" in self.request.headers.get("accept", "")

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])


def csrf_of(token: str) -> str:
    """The form token of a browser: only who knows the cookie can make it."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def new_token() -> str:
    """For a browser that has none yet."""
    return secrets.token_hex(32)


def cookie_name(desk: Desk, request: Request) -> str:
    """With https the name binds the cookie to this host and to https (RFC 6265bis §4.1.3.2)."""
    return "__Host-safeconduct" if _secure(desk, request) else "safeconduct"


def set_cookie(desk: Desk, request: Request, response: Response, token: str) -> None:
    """Hand the browser its token: out of reach of scripts and of other sites."""
    name = cookie_name(desk, request)
    secure = _secure(desk, request)
    response.set_cookie(name, token, path="/", httponly=True, samesite="strict", secure=secure)


def require_own_form(request: Request, form: Mapping[str, str], token: str) -> None:
    """The request comes from a page of ours in this very browser. Raises `ForeignForm` unless:

    - `Sec-Fetch-Site`, where a browser sends it, says same origin;
    - `Origin`, where a browser sends it, names this host;
    - the form, or the header of a script, carries the token that belongs to the cookie.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    carried = form.get(CSRF) or request.headers.get(CSRF_HEADER, "")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if site != "same-origin" or foreign or not _same(carried, csrf_of(token)):
        raise ForeignForm


async def read_form(request: Request, *, at_most: int = MAX_FORM_BYTES) -> Mapping[str, str]:
    """The fields of a posted form of at most so many bytes, each once; nothing for another body of no length. Raises
    `FormUnreadable`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > at_most:
            raise FormUnreadable(f"has more than {at_most} bytes")
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise FormUnreadable(f"is no {_FORM}")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError as error:  # no ASCII, no UTF-8 inside, or too many fields
        raise FormUnreadable("cannot be read as a form") from error
    if any("\x00" in part for field in fields for part in field) or len(dict(fields)) != len(fields):
        raise FormUnreadable("has a field twice, or a NUL character")
    return dict(fields)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def _secure(desk: Desk, request: Request) -> bool:
    return desk.behind_https or request.url.scheme == "https"
