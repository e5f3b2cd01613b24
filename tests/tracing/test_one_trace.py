"""One trace spans a generation from the request over HTTP to the download, whichever processes it passes through."""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlmodel import select

from moderation import traces
from moderation.bus.outbox import OutboxRow
from moderation.generation.state import State
from moderation.messages import decode
from moderation.observability.tracing import start, trace_to
from moderation.servers.kafka import KafkaServer
from moderation.store import Database
from moderation.surface import http_app
from tests.faults.process import fleet_of
from tests.support.conveyor import conveyor
from tests.support.service import StubApplication, app_on, settings_of
from tests.support.surface import Surface, owners_headers
from tests.tracing.collector import Collector, Seen, collecting, connected, seen

pytestmark = pytest.mark.integration  # the time-stamp authority of a release listens
PROMPT = "a lighthouse that nobody else asked for"
WAY = [
    "POST /v1/generations", "job gate.request", "commit gate.request", "job generate", "commit generate", "job gate.output",
    "commit gate.output", "job release", "commit release", "serve release",
]  # fmt: skip
"""Every step of the way, by the name of its span."""
TINY = {"seconds": 1, "width": 64, "height": 64, "fps": 8}


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    yield from app_on(sqlite_database, tmp_path / "home")


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    """Spans of this process, as they end."""
    exporter = InMemorySpanExporter()
    stop = trace_to(SimpleSpanProcessor(exporter))
    yield exporter
    stop()


def surface_of(app: StubApplication) -> Surface:
    """The HTTP surface with an owner's key."""
    return Surface(app, TestClient(http_app(app), base_url=app.settings.public_url), owners_headers(app))


def download(surface: Surface, generation_id: str) -> None:
    """Fetch the released file."""
    view = surface.client.get(f"/v1/generations/{generation_id}", headers=surface.headers).json()
    link = surface.client.get(f"/v1/releases/{view['release_id']}", headers=surface.headers).json()
    assert surface.client.get(link["url"]).status_code == 200


def generate(surface: Surface, app: StubApplication, **headers: str) -> str:
    """Ask, let all workers run, download; the id."""
    body = {"prompt": PROMPT, "parameters": TINY}
    asked = surface.client.post(
        "/v1/generations", json=body, headers={**surface.headers, "Prefer": "respond-async", **headers}
    )
    assert asked.status_code == 202, asked.text
    generation_id = str(asked.json()["id"])
    with conveyor(app) as line:
        line.settle([generation_id], State.RELEASED)
    download(surface, generation_id)
    return generation_id


def the_way(spans: list[Seen], generation_id: str) -> str:
    """The id of the one trace that has every step; asserts that there is one, whole, and that nothing private is in it."""
    first = next(span for span in spans if span.name == WAY[0])
    own = [span for span in spans if span.trace == first.trace]
    assert {span.name for span in own} >= set(WAY)
    assert PROMPT not in str(spans)
    subjects = {span.attributes.get("safeconduct.subject_id") for span in own} - {None}
    assert subjects == {generation_id}
    return first.trace


def test_embedded_one_trace_leads_from_the_request_to_the_download(
    app: StubApplication, recorded: InMemorySpanExporter
) -> None:
    generation_id = generate(surface_of(app), app)
    spans = seen(recorded.get_finished_spans())
    trace = the_way(spans, generation_id)
    assert connected(spans, trace)
    verdicts = {
        (span.attributes["safeconduct.stage"], span.attributes["safeconduct.verdict"])
        for span in spans
        if span.trace == trace and "safeconduct.verdict" in span.attributes
    }
    assert verdicts == {("request", "allow"), ("output", "allow")}


def test_a_consumers_span_is_linked_to_the_messages_of_its_batch(
    app: StubApplication, recorded: InMemorySpanExporter
) -> None:
    generation_id = generate(surface_of(app), app)
    spans = seen(recorded.get_finished_spans())
    trace = the_way(spans, generation_id)
    for topic in ("generation.approved", "generation.outputs"):
        consumed = [span for span in spans if span.name == f"consume {topic}"]
        assert any(trace in span.links and span.trace != trace for span in consumed), topic


def test_the_callers_own_trace_goes_on_and_a_bad_one_is_ignored(
    app: StubApplication, recorded: InMemorySpanExporter
) -> None:
    surface = surface_of(app)
    theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
    for header, expected in (
        (f"00-{theirs}-00f067aa0ba902b7-01", True),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        ("ff-x", False),
        ("€" * 10, False),
    ):
        recorded.clear()
        answer = surface.client.get("/health/live", headers=[(b"traceparent", header.encode())])
        assert answer.status_code == 200
        (span,) = seen(recorded.get_finished_spans())
        assert (span.trace == theirs) is expected


def test_off_nothing_is_traced_and_no_message_or_job_grows(app: StubApplication) -> None:
    assert not traces.on()
    generate(surface_of(app), app)
    with app.database.read() as session:
        for row in session.exec(select(OutboxRow)):
            assert b"traceparent" not in row.value
            assert decode(row.value).traceparent is None


def test_across_processes_on_kafka_one_trace_arrives_at_the_collector(
    postgres_database: Database, kafka_server: KafkaServer, tmp_path: Path
) -> None:
    with collecting() as collector:
        more: Mapping[str, Any] = {
            "kafka_bootstrap": kafka_server.bootstrap, "topic_prefix": f"t{secrets.token_hex(4)}.",
            "traces_url": collector.url,
        }  # fmt: skip
        settings = settings_of(postgres_database, tmp_path / "home", **more)
        for app in app_on(postgres_database, tmp_path / "home", **more):
            app.pki.complete  # noqa: B018  # made once, before processes race to it
            stop = start(collector.url, ratio=1.0)
            with fleet_of(settings) as fleet:
                fleet.start("request-gate", "relay")
                fleet.start("generator", "output-gate", "release", "sweeper")
                generation_id = _until_released(surface_of(app))
                stop()
                collector.wait_for(WAY)
    _one_trace(collector, generation_id)


def _until_released(surface: Surface) -> str:
    body = {"prompt": PROMPT, "parameters": TINY}
    asked = surface.ask(body).json()
    for _ in range(600):
        view = surface.client.get(f"/v1/generations/{asked['id']}", headers=surface.headers).json()
        if view["state"] == "released":
            break
        sleep(0.1)
    assert view["state"] == "released", view
    download(surface, asked["id"])
    return str(asked["id"])


def _one_trace(collector: Collector, generation_id: str) -> None:
    assert connected(collector.spans, the_way(collector.spans, generation_id))
