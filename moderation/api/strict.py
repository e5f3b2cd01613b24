"""The route class: asks for the key before it reads the body, and reads the body strictly.

Strict means: the declared media type, valid UTF-8, no duplicate keys, no NaN, no lone surrogates and no NUL (PostgreSQL stores
neither), and no more bytes than the route takes. A route without a guard cannot be registered.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.types import Message, Receive

from moderation.api.auth import Guard
from moderation.api.problems import Carried
from moderation.api.services import Services
from moderation.errors import Kind, ServiceError, shorten

UPLOAD = "safeconduct_upload"  # key in `openapi_extra` of a route that takes files
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class BodyInvalid(ServiceError):
    """The body is not strict JSON."""

    code = "body.invalid_json"


class BodyTooLarge(ServiceError):
    """The body has more bytes than this route takes."""

    code = "body.too_large"
    kind = Kind.TOO_LARGE


class MediaTypeWrong(ServiceError):
    """The body is not of the type this route reads."""

    code = "body.media_type"


def takes_upload(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an endpoint that takes a file, so that the larger limit applies to it."""
    setattr(endpoint, UPLOAD, True)
    return endpoint


class GuardedRoute(APIRoute):
    """A route with a guard and a strict body."""

    def get_route_handler(self) -> Handler:
        """The handler, behind the guard."""
        guard = find_guard(self)
        inner = super().get_route_handler()
        expected = self._expected_media()

        async def handle(request: Request) -> Response:
            await run_in_threadpool(guard.admit, request)
            limit = self._limit(request.app.state.services)
            strict = StrictRequest(request.scope, _limited(request, limit))
            if expected:
                _require_media(strict, expected)
            return await inner(strict)

        return handle

    def _limit(self, services: Services) -> int:
        upload = getattr(self.endpoint, UPLOAD, False)
        return services.limits.upload_bytes if upload else services.limits.body_bytes

    def _expected_media(self) -> str:
        if self.body_field is None:
            return ""
        is_form = isinstance(self.body_field.field_info, Form)
        return "multipart/form-data" if is_form else "application/json"


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """The body. Raises `BodyInvalid`, carried."""
        try:
            return parse_strict(await self.body())
        except BodyInvalid as error:
            raise Carried(error, 400) from error


def find_guard(route: APIRoute) -> Guard:
    """The guard among the route's dependencies. Raises `TypeError` unless there is exactly one."""
    guards = [guard for guard in _calls(route.dependant) if isinstance(guard, Guard)]
    if len(guards) != 1:
        raise TypeError(f"{route.path}: has {len(guards)} guards; every route says who may call it, once")
    return guards[0]


def parse_strict(body: bytes) -> Any:
    """`body` as JSON. Raises `BodyInvalid` naming place and fault."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"is no valid UTF-8 at byte {error.start}", body[error.start : error.start + 8].hex(" "))
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        _check_texts(value)
    except json.JSONDecodeError as error:
        _refuse(f"is no JSON: line {error.lineno} column {error.colno}: {error.msg}", _near(text, error.pos))
    except RecursionError:
        _refuse("is nested too deeply", "")
    except ValueError as error:  # digits beyond Python's limit for integers
        _refuse(f"holds a number that cannot be read: {error}", "")
    return value


def _calls(dependant: Dependant) -> list[object]:
    found: list[object] = []
    for child in dependant.dependencies:
        found += [child.call, *_calls(child)]
    return found


def _limited(request: Request, limit: int) -> Receive:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit, int(declared))
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise Carried(_too_large(limit, seen))
        return message

    return receive


def _too_large(limit: int, got: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"this route takes {limit} bytes at most", field="body", value=f"{got} bytes", remedy="send less"
    )


def _require_media(request: Request, expected: str) -> None:
    got = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = expected == "application/json" and got.startswith("application/") and got.endswith("+json")
    if got != expected and not is_json:
        error = MediaTypeWrong(
            f"this route reads {expected}",
            field="Content-Type",
            value=got or "none",
            remedy=f"send Content-Type: {expected}",
        )
        raise Carried(error, 415)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value] # add returns None, which is false
        _refuse("appears twice in one object", name, field=shorten(name), remedy="send each field once")
    return body


def _no_constant(name: str) -> NoReturn:
    _refuse("is no JSON number", name, remedy="send a finite number or null")


def _check_texts(value: object) -> None:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            _refuse("holds a character that is no text (NUL or a lone surrogate)", ascii(value))
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_texts(name)
            _check_texts(item)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def _near(text: str, position: int) -> str:
    return text[max(0, position - 20) : position + 20]


def _refuse(
    sentence: str, value: str, *, field: str = "body", remedy: str = "send one JSON object in UTF-8"
) -> NoReturn:
    raise BodyInvalid(sentence, field=field, value=value, remedy=remedy)
