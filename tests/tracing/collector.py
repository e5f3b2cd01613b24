"""A collector of spans, as OpenTelemetry's own takes them (OTLP over HTTP, on loopback), and what the spans say, easy to ask."""

import gzip
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan


@dataclass(frozen=True, slots=True)
class Seen:
    """A finished span; ids in hex, `parent` empty for a root, `links` as trace ids."""

    name: str
    trace: str
    span: str
    parent: str
    attributes: Mapping[str, Any]
    links: frozenset[str]
    error: str = ""


@dataclass(slots=True)
class Collector:
    """What has arrived."""

    spans: list[Seen] = field(default_factory=list)
    url: str = ""

    def wait_for(self, names: Iterable[str], within_s: float = 30) -> None:
        """Until spans of all these names came. Raises `TimeoutError` with those that did."""
        deadline = monotonic() + within_s
        while not set(names) <= {span.name for span in self.spans}:
            if monotonic() > deadline:
                raise TimeoutError(sorted({span.name for span in self.spans}))
            sleep(0.1)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.spans += _arrived(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    collector.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


def seen(spans: Iterable[ReadableSpan]) -> list[Seen]:
    """Spans of this process."""
    return [
        Seen(
            name=span.name,
            trace=f"{span.context.trace_id:032x}",
            span=f"{span.context.span_id:016x}",
            parent=f"{span.parent.span_id:016x}" if span.parent else "",
            attributes=dict(span.attributes or {}),
            links=frozenset(f"{link.context.trace_id:032x}" for link in span.links),
            error=span.status.description or "",
        )
        for span in spans
    ]


def connected(spans: Sequence[Seen], trace: str) -> bool:
    """Whether the spans of this trace hang together: one root, and every parent is among them."""
    own = [span for span in spans if span.trace == trace]
    ids = {span.span for span in own}
    return sum(not span.parent for span in own) == 1 and all(
        span.parent in ids for span in own if span.parent
    )


def _arrived(request: Any) -> Iterator[Seen]:
    for part in request.resource_spans:
        for scope in part.scope_spans:
            for span in scope.spans:
                yield Seen(
                    name=span.name,
                    trace=span.trace_id.hex(),
                    span=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    attributes={
                        one.key: one.value.string_value or one.value.int_value for one in span.attributes
                    },
                    links=frozenset(link.trace_id.hex() for link in span.links),
                    error=span.status.message,
                )
