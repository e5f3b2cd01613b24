"""Traces, as far as the ground floor knows them: what goes on through messages and jobs, and where a span begins and ends.

Off unless `install` was called (`observability.tracing` does, with OpenTelemetry): then nothing is added to a message or a job,
and a span costs a look at one variable. A trace is carried as W3C Trace Context writes it; what does not fit that is ignored.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

Attribute = str | int | float | bool
_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STATE = re.compile(r"[\x20-\x7e]{0,512}")
_PREFIX = "safeconduct."


@dataclass(frozen=True, slots=True)
class Trace:
    """A place in a trace: the values of `traceparent` and `tracestate` (https://www.w3.org/TR/trace-context/)."""

    parent: str
    state: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """As a message or a job carries it."""
        return {"traceparent": self.parent, **({"tracestate": self.state} if self.state else {})}


class OpenSpan(Protocol):
    """A span that goes on."""

    @property
    def trace(self) -> Trace | None:
        """Where what it causes hangs on; None when it is not recorded and nothing upstream is."""

    def note(self, attributes: Mapping[str, Attribute]) -> None:
        """Add attributes."""

    def rename(self, name: str) -> None:
        """Give it its name when that is known."""


class Tracer(Protocol):
    """Makes spans."""

    def span(
        self,
        name: str,
        *,
        parent: Trace | None,
        links: Sequence[Trace],
        attributes: Mapping[str, Attribute],
        inside: bool = True,
    ) -> AbstractContextManager[OpenSpan]:
        """A span as long as the block; below `parent`, else below the current one. With `inside`, it is the current one there."""

    def current(self) -> OpenSpan | None:
        """The span of the block we are in."""


_tracer: Tracer | None = None
_lanes: ContextVar[Mapping[str, OpenSpan | Trace]] = ContextVar("safeconduct_lanes", default={})  # noqa: B039  # never written to


def install(tracer: Tracer | None) -> None:
    """Trace with `tracer` from now on in this process; None: not at all."""
    global _tracer  # noqa: PLW0603  # one per process, as the logger is
    _tracer = tracer


def on() -> bool:
    """Whether anything is traced."""
    return _tracer is not None


def span(
    name: str, *, parent: Trace | None = None, links: Sequence[Trace] = (), **attributes: Attribute
) -> AbstractContextManager[OpenSpan | None]:
    """A span around the block; see `Tracer.span`. Attributes are ids, kinds, verdicts and counts, never what somebody wrote."""
    if _tracer is None:
        return nullcontext()
    return _tracer.span(name, parent=parent, links=links, attributes=_named(attributes))


@contextmanager
def batch(
    name: str, lanes: Sequence[tuple[str, Trace | None]], *, each: str = "", **attributes: Attribute
) -> Iterator[None]:
    """One span for work on several things, linked to the trace of each; `lanes`: what each is about, and where its trace is.

    What is queued or published in the block about one of them goes on in its own trace. With `each`, every one gets a span of
    that name; a thing without a trace begins one.
    """
    if _tracer is None:
        yield
        return
    links = [trace for _, trace in lanes if trace]
    with ExitStack() as stack:
        stack.enter_context(_tracer.span(name, parent=None, links=links, attributes=_named(attributes)))
        found: dict[str, OpenSpan | Trace] = {}
        for key, trace in lanes:
            if trace is not None and not each:
                found[key] = trace
            else:
                about = {**_named(attributes), f"{_PREFIX}subject_id": key}
                found[key] = stack.enter_context(
                    _tracer.span(
                        each or name, parent=trace or NO_PARENT, links=(), attributes=about, inside=False
                    )
                )
        before = _lanes.set(found)
        try:
            yield
        finally:
            _lanes.reset(before)


NO_PARENT = Trace("")
"""As a parent: begin a new trace."""


def carried(about: str) -> dict[str, str]:
    """The fields by which a message or a job about `about` takes the trace along; none when there is none."""
    found = _at(about)
    trace = found if isinstance(found, Trace) or found is None else found.trace
    return trace.fields if trace else {}


def note(about: str, **attributes: Attribute) -> None:
    """Add attributes to the span of what is done about `about`."""
    found = _at(about)
    if found is not None and not isinstance(found, Trace):
        found.note(_named(attributes))


def read(fields: Mapping[str, Any]) -> Trace | None:
    """The trace that `fields` carry; None when there is none, it is no trace, or nothing is traced here."""
    if _tracer is None:
        return None
    parent, state = fields.get("traceparent"), fields.get("tracestate")
    if not isinstance(parent, str) or not _PARENT.fullmatch(parent):
        return None
    return Trace(parent, state if isinstance(state, str) and _STATE.fullmatch(state) else "")


def keep(name: str, effect: Callable[[Any], None]) -> Callable[[Any], None]:
    """`effect`, to be run later: then in a span of that name, below the one we are in now."""
    if _tracer is None:
        return effect
    trace = here()
    if trace is None:
        return effect

    def traced(argument: Any) -> None:
        with span(name, parent=trace):
            effect(argument)

    return traced


def here() -> Trace | None:
    """Where we are; None when nothing is traced."""
    current = None if _tracer is None else _tracer.current()
    return current.trace if current else None


def trace_id() -> str:
    """The id of the trace we are in, for the log; empty when there is none."""
    trace = here()
    return trace.parent.split("-")[1] if trace else ""


def _at(about: str) -> OpenSpan | Trace | None:
    if _tracer is None:
        return None
    return _lanes.get().get(about) or _tracer.current()


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {_PREFIX + name: value for name, value in attributes.items()}
