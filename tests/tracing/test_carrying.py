"""What carries a trace changes nothing else: bytes without one stay as they are, and what is no trace is no error."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlmodel import Session

from moderation import traces
from moderation.bus.effects import open_record
from moderation.bus.log import Partition, Record
from moderation.generation.state import State
from moderation.messages import Envelope, GenerationRequested, decode, encode
from moderation.observability.logs import name_trace
from moderation.observability.tracing import trace_to
from moderation.store import Database
from tests.docs.examples import AT_MS, EXAMPLES
from tests.support.conveyor import conveyor
from tests.support.service import StubApplication, app_on, ask, send
from tests.tracing.collector import seen

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    stop = trace_to(SimpleSpanProcessor(exporter))
    yield exporter
    stop()


def record(value: bytes) -> Record:
    return Record(Partition("generation.requests", 0), 0, "gen_1", "evt_1", value)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: str(message.kind))
def test_a_message_with_a_trace_is_the_same_message(message: GenerationRequested) -> None:
    plain = encode(message, event_id="evt_1", at_ms=AT_MS)
    traced = encode(message, event_id="evt_1", at_ms=AT_MS, trace={"traceparent": GOOD, "tracestate": "a=1"})
    assert plain == Envelope.wrap(message, event_id="evt_1", at_ms=AT_MS).encode()
    assert b"trace" not in plain
    assert decode(traced).open() == decode(plain).open() == message
    assert decode(traced).encode() == traced
    assert (decode(traced).traceparent, decode(traced).tracestate) == (GOOD, "a=1")


@given(st.none() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_whatever_stands_where_a_trace_should_a_message_is_read(value: object) -> None:
    body = Envelope.wrap(EXAMPLES[0], event_id="evt_1", at_ms=AT_MS).model_dump(mode="json")
    opened = open_record(record(Envelope.model_validate({**body, "traceparent": value}).encode()))
    assert opened.message == EXAMPLES[0]


@pytest.mark.parametrize(
    "bad",
    ["", "x", GOOD.upper(), GOOD[:-1], f"ff{GOOD[2:]}", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"{GOOD}-more", 17, None],
)  # fmt: skip
def test_what_is_no_trace_is_none(recorded: InMemorySpanExporter, bad: object) -> None:
    assert traces.read({"traceparent": GOOD, "tracestate": "é"}) == traces.Trace(GOOD)
    assert traces.read({"traceparent": bad}) is None


def test_off_a_trace_from_outside_is_not_even_looked_at() -> None:
    assert traces.read({"traceparent": GOOD}) is None
    assert traces.carried("gen_1") == {}
    with traces.span("nothing", subject_id="gen_1") as span:
        assert span is None


def test_a_log_line_inside_a_trace_names_it(recorded: InMemorySpanExporter) -> None:
    with traces.span("something", parent=traces.Trace(GOOD)):
        assert name_trace(None, "info", {})["trace_id"] == GOOD.split("-")[1]
    assert "trace_id" not in name_trace(None, "info", {})


def test_an_error_inside_a_span_is_told_by_its_class_alone(recorded: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="a prompt"), traces.span("something"):
        raise ValueError("a prompt about Ada")
    (span,) = recorded.get_finished_spans()
    assert (span.status.description, span.events) == ("ValueError", ())


def test_of_traces_that_begin_here_only_the_share_that_was_asked_for_is_recorded() -> None:
    exporter = InMemorySpanExporter()
    stop = trace_to(SimpleSpanProcessor(exporter), ratio=0.0)
    with traces.span("begun here"):
        flags = traces.carried("gen_1")["traceparent"].rpartition("-")[2]
        assert not int(flags, 16) & 1  # the bit that says recorded
    with traces.span("recorded upstream", parent=traces.Trace(GOOD)):
        pass
    stop()
    assert [span.name for span in exporter.get_finished_spans()] == ["recorded upstream"]


def test_requests_of_one_batch_keep_their_own_traces(
    sqlite_database: Database, tmp_path: Path, recorded: InMemorySpanExporter
) -> None:
    for app in app_on(sqlite_database, tmp_path / "home"):
        requests = [ask(f"lighthouse {number}") for number in range(3)]
        with app.database.transaction() as session:
            for request in requests[:2]:
                _send_traced(session, request)
            send(session, requests[2])  # a pipeline that traces nothing
        _judge(app, [request.generation_id for request in requests])
    spans = seen(recorded.get_finished_spans())
    judged = {
        span.attributes["safeconduct.subject_id"]: span for span in spans if span.name == "job gate.request"
    }
    assert judged.keys() == {request.generation_id for request in requests}
    assert len({span.trace for span in judged.values()}) == 3
    for request in requests[:2]:
        sent = next(span for span in spans if span.name == f"send {request.generation_id}")
        assert judged[request.generation_id].trace == sent.trace
    assert {span.attributes["safeconduct.verdict"] for span in judged.values()} == {"allow"}
    together = next(span for span in spans if span.name == "jobs gate.request")
    assert together.links == {span.trace for span in judged.values()}


def _send_traced(session: Session, request: GenerationRequested) -> None:
    with traces.span(f"send {request.generation_id}"):
        send(session, request)


def _judge(app: StubApplication, ids: list[str]) -> None:
    with conveyor(app, "generator", "output-gate", "release") as line:
        line.settle(ids, State.APPROVED)
