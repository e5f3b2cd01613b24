"""Whoever cannot know what the registry says does not judge: a stale face index, and a consent change among the dead letters."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from time import sleep

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from consent.likeness.registry import bump_registry, registry_version
from moderation.bus.dead_letters import list_open, replay
from moderation.bus.outbox import enqueue
from moderation.gate.decisions import Decision, decisions_of
from moderation.gate.identify import RegistryIndex
from moderation.generation.state import State
from moderation.ids import new_id
from moderation.messages import ConsentChanged
from moderation.review.queue import CaseQuery, list_cases
from moderation.service import prepare, worker_of
from moderation.store import Database, now_ms
from moderation.surface import http_app
from tests.support.conveyor import Conveyor, conveyor
from tests.support.service import StubApplication, ask, enrol_person, send_all, settings_of

pytestmark = pytest.mark.integration


class Line(Database):
    """The index's own way to the database, which a test cuts: reads then go to a server that is not there."""

    def __init__(self, database: Database, nowhere: Path) -> None:
        self._there = database
        gone = "postgresql+psycopg://127.0.0.1:1/gone?connect_timeout=1"
        self._gone = Database(gone if database.dialect == "postgresql" else f"sqlite:///{nowhere}/gone.db")
        self.cut = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Where the line leads now."""
        with (self._gone if self.cut else self._there).read() as session:
            yield session


class CutApplication(StubApplication):
    """A service whose index has a line of its own."""

    @cached_property
    def line(self) -> Line:
        """To be cut."""
        return Line(self.database, self.settings.home / "no" / "such" / "folder")

    @cached_property
    def index(self) -> RegistryIndex:
        """On that line."""
        return RegistryIndex(self.line, self.templates)


class Surface:
    """`/health` and `/metrics` as the operator sees them."""

    def __init__(self, app: StubApplication, key: str) -> None:
        self._client = TestClient(http_app(app))
        self._headers = {"Authorization": f"Bearer {key}"}

    def part(self, name: str) -> tuple[int, bool, str]:
        """The status of `/health`, and whether this part is well and its code if not."""
        answer = self._client.get("/health", headers=self._headers)
        (part,) = [part for part in answer.json()["parts"] if part["name"] == name]
        return answer.status_code, part["ok"], part["code"]

    def metric(self, line: str) -> float:
        """The value of the metric with this name and these labels; 0 when it is not there."""
        text = self._client.get("/metrics", headers=self._headers).text
        found = [row.rpartition(" ")[2] for row in text.splitlines() if row.startswith(f"{line} ")]
        return float(found[0]) if found else 0.0


@pytest.fixture
def parts(database: Database, tmp_path: Path) -> Iterator[tuple[CutApplication, Surface]]:
    """The service and what the operator sees of it."""
    app = CutApplication(settings_of(database, tmp_path / "home"))
    try:
        key = prepare(app)
        assert key is not None
        worker_of(app, [])  # registers what `/health` and `/metrics` read; the test is the worker
        app.refresh_indexes()
        yield app, Surface(app, key)
    finally:
        app.close()


def last_decision(app: StubApplication, generation_id: str) -> Decision:
    """The newest."""
    with app.database.read() as session:
        return decisions_of(session, generation_id)[-1]


def open_cases(app: StubApplication, generation_id: str) -> int:
    """How many wait for a person."""
    with app.database.read() as session:
        return len(list_cases(session, CaseQuery(generation_id=generation_id)).cases)


def released(line: Conveyor, app: StubApplication) -> str:
    """A fresh generation that goes all the way."""
    (generation_id,) = send_all(app.database, [ask("after the fault")])
    line.settle([generation_id], State.RELEASED)
    return generation_id


def test_stale_index_turns_health_red_within_a_second_and_green_again_when_the_database_is_back(
    parts: tuple[CutApplication, Surface],
) -> None:
    app, surface = parts
    app.refresh_indexes()
    assert surface.part("face_index")[1]
    app.refresh_indexes()
    assert surface.metric("safeconduct_registry_staleness_seconds") < 1.0
    app.line.cut = True
    with pytest.raises(Exception, match=r"unable to open|refused"):
        app.refresh_indexes()
    sleep(1.1)
    assert surface.part("face_index") == (503, False, "index.stale")
    assert surface.metric("safeconduct_registry_staleness_seconds") > 1.0
    app.line.cut = False
    app.refresh_indexes()
    assert surface.part("face_index") == (200, True, "")


def test_stale_index_leaves_faces_unjudged_and_holds_the_output_for_a_person_until_it_recovers(
    parts: tuple[CutApplication, Surface],
) -> None:
    app, surface = parts
    person = enrol_person(app, 1)
    (generation_id,) = send_all(app.database, [ask("@person_1 waves", person)])
    app.line.cut = True
    with conveyor(app) as line:
        line.settle([generation_id], State.HELD)
        decision = last_decision(app, generation_id)
        assert (decision.stage, decision.verdict) == ("output", "review")
        assert '"cause":"error"' in decision.body
        assert open_cases(app, generation_id) == 1
        unjudged = 'safeconduct_checks_unjudged_total{cause="error",check="output.faces"}'
        assert surface.metric(unjudged) == 1
        app.line.cut = False
        released(line, app)
        assert surface.metric(unjudged) == 1


def test_a_parked_consent_change_means_could_not_judge_until_it_is_replayed(
    parts: tuple[CutApplication, Surface],
) -> None:
    app, surface = parts
    with app.database.transaction() as session:
        ahead = registry_version(session) + 3
        change = ConsentChanged(likeness_id="lik_1", revision=9, registry_version=ahead, change="revoked")
        enqueue(session, change, event_id=new_id("evt"), at_ms=now_ms(session))
    with conveyor(app) as line:
        line.until(lambda: bool(parked(app)))
        assert parked(app) == ["registry.behind"]
        app.refresh_indexes()
        assert surface.part("face_index") == (503, False, "registry.parked_change")
        assert surface.metric("safeconduct_dead_letters") == 1

        (generation_id,) = send_all(app.database, [ask("judged by nobody")])
        line.settle([generation_id], State.HELD)
        assert '"cause":"registry.parked_change"' in last_decision(app, generation_id).body

        with app.database.transaction() as session:  # the database catches up, as after a restore
            while bump_registry(session) < ahead:
                pass
            for letter in list_open(session):
                replay(session, letter.id, now_ms=now_ms(session))
        released(line, app)
        assert parked(app) == []
        app.refresh_indexes()
        assert surface.part("face_index") == (200, True, "")


def parked(app: StubApplication) -> list[str]:
    """The codes of what is parked."""
    with app.database.read() as session:
        return [letter.code for letter in list_open(session)]
