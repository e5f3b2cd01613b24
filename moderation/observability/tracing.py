"""OpenTelemetry behind `moderation.traces`: spans leave by OTLP over HTTP, when the settings say where to.

Spans carry ids, kinds and verdicts. Of an error they carry its class: messages quote input.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import context as contexts
from opentelemetry import trace as api
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from moderation import traces
from moderation.errors import Kind, ServiceError
from moderation.traces import NO_PARENT, Attribute, OpenSpan, Trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

EXPORT_TIMEOUT_S = 5
_W3C = TraceContextTextMapPropagator()


class TracingUnavailable(ServiceError):
    """Traces are asked for, and what sends them is not installed."""

    code = "tracing.not_installed"
    kind = Kind.INVALID


def start(url: str, *, ratio: float) -> Callable[[], None]:
    """Trace this process; spans go to the OTLP/HTTP collector at `url`. `ratio` of the traces that begin here are recorded, and
    every one that comes recorded. What is returned sends the rest and stops. Raises `TracingUnavailable`."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingUnavailable(
            "the OpenTelemetry SDK is not installed", field="SAFECONDUCT_TRACES_URL", value=url,
            remedy="pip install 'safeconduct[otlp]', or leave the setting out",
        ) from error  # fmt: skip
    return trace_to(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_TIMEOUT_S)), ratio=ratio)


def trace_to(processor: "SpanProcessor", *, ratio: float = 1.0) -> Callable[[], None]:
    """As `start`, with spans handed to `processor`."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource.create({"service.name": "safeconduct"}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(processor)
    traces.install(OpenTelemetry(provider))

    def stop() -> None:
        traces.install(None)
        provider.shutdown()

    return stop


@dataclass(frozen=True, slots=True)
class _Span:
    """A span of OpenTelemetry as `traces.OpenSpan`."""

    span: api.Span

    @property
    def trace(self) -> Trace | None:
        """See the port."""
        written: dict[str, str] = {}
        _W3C.inject(written, context=api.set_span_in_context(self.span, contexts.Context()))
        return Trace(written["traceparent"], written.get("tracestate", "")) if written else None

    def note(self, attributes: Mapping[str, Attribute]) -> None:
        """See the port."""
        self.span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """See the port."""
        self.span.update_name(name)


class OpenTelemetry:
    """Keeps the contract of `traces.Tracer`."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer = provider.get_tracer("safeconduct")

    @contextmanager
    def span(
        self,
        name: str,
        *,
        parent: Trace | None,
        links: Sequence[Trace],
        attributes: Mapping[str, Attribute],
        inside: bool = True,
    ) -> Iterator[OpenSpan]:
        """See the port."""
        linked = [api.Link(found) for found in map(_place, links) if found.is_valid]
        made = self._tracer.start_span(name, context=_context(parent), links=linked, attributes=attributes)
        token = contexts.attach(api.set_span_in_context(made)) if inside else None
        try:
            yield _Span(made)
        except BaseException as error:
            made.set_status(api.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            if token is not None:
                contexts.detach(token)
            made.end()

    def current(self) -> OpenSpan | None:
        """See the port."""
        found = api.get_current_span()
        return _Span(found) if found.get_span_context().is_valid else None


def _context(parent: Trace | None) -> contexts.Context | None:
    """None: the current one."""
    if parent is None:
        return None
    return (
        contexts.Context() if parent == NO_PARENT else _W3C.extract(parent.fields, context=contexts.Context())
    )


def _place(trace: Trace) -> api.SpanContext:
    return api.get_current_span(_context(trace)).get_span_context()
