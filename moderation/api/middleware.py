"""Around every request: an id, a last catch that answers 500 as a problem, headers, and one line of log and metric."""

from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderation import traces
from moderation.api.problems import internal_error, make_problem, problem_response
from moderation.errors import shorten
from moderation.ids import new_id
from moderation.observability.logs import describe_failure, get_logger
from moderation.observability.metrics import Metrics

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_log = get_logger(__name__)


class Envelope:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; whatever is raised inside ends here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["safeconduct_request_id"] = new_id("req")
        answer = _Answer(send, scope["safeconduct_request_id"])
        began = perf_counter()
        with traces.span(scope["method"], parent=traces.read(_fields(scope)), kind="http") as span:
            try:
                await self._guarded(scope, receive, answer)
            finally:
                self._tell(scope, answer, perf_counter() - began)
                if span:
                    span.rename(f"{scope['method']} {_route(scope)}")
                    span.note(
                        {
                            "http.response.status_code": answer.status,
                            "safeconduct.request_id": answer.request_id,
                        }
                    )

    async def _guarded(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if _holds_nul(scope):
            await _refuse_nul(scope, receive, answer)
            return
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # the last catch: nobody foresaw it
            event = "http.broken_off" if answer.status else "http.internal_error"
            _log.error(event, request_id=answer.request_id, **describe_failure(error))
            if answer.status:
                raise  # the answer has begun: only breaking the connection tells the caller that it is not whole
            await internal_error(answer.request_id)(scope, receive, answer.send)

    def _tell(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        route = _route(scope)
        self._metrics.answered(scope["method"], route, answer.status, seconds)
        _log.info(
            "http.answered",
            method=scope["method"],
            route=route,
            status=answer.status,
            seconds=round(seconds, 4),
            request_id=answer.request_id,
        )


class _Answer:
    """Notes the status, and adds the headers that every answer has."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self.request_id
        await self._send(message)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "unknown"))


def _fields(scope: Scope) -> dict[str, str]:
    """The headers in which a caller's trace comes."""
    return {
        name.decode(): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"traceparent", b"tracestate")
    }


def _holds_nul(scope: Scope) -> bool:
    raw = scope.get("query_string", b"").lower()
    return "\x00" in scope["path"] or b"%00" in raw or b"\x00" in raw


async def _refuse_nul(scope: Scope, receive: Receive, answer: _Answer) -> None:
    path = shorten(ascii(Request(scope).url.path))
    problem = make_problem(
        answer.request_id,
        400,
        "http.nul",
        "the address holds a NUL character, which is no text",
        field="path",
        value=path,
        remedy="remove it",
    )
    await problem_response(problem)(scope, receive, answer.send)
