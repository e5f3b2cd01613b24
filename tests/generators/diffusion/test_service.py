"""The whole way with a pipeline: asked, gated, made, gated again, stamped, released; and the ways it ends otherwise."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moderation.accounts.models import QuotaReservation
from moderation.bootstrap import Application
from moderation.errors import ServiceError
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.observability.metrics import Metrics
from moderation.parts.making import MakingParts
from moderation.release.tables import Release
from moderation.store import Database
from tests.support.conveyor import conveyor
from tests.support.pipelines import STEPS
from tests.support.service import StubApplication, app_on, ask, enrol_person, send_all, settings_of

pytestmark = pytest.mark.integration


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path, wan: Path) -> Iterator[StubApplication]:
    """Stub senses, and the tiny Wan pipeline as the settings name it."""
    named: dict[str, Any] = {
        "generator": "diffusers", "generator_folder": wan, "generator_options": STEPS, "generator_device": "cpu",
        "lease_s": 60,  # nobody renews it: the test runs the jobs itself
    }  # fmt: skip
    for made in app_on(sqlite_database, tmp_path / "home", **named):
        made.generator = MakingParts.__dict__["generator"].func(made)
        yield made


def test_a_request_is_made_by_the_pipeline_and_released_in_its_name(app: StubApplication) -> None:
    name, version = app.generator.identity()
    with conveyor(app) as line:
        (generation_id,) = send_all(app.database, [ask("a lighthouse in the rain")])
        line.settle([generation_id], State.RELEASED)
    with app.database.read() as session:
        generation = get_generation(session, generation_id)
        release = session.get_one(Release, generation.release_id)
    assert generation.generator == f"{name} {version}" == f"WanPipeline {version}"
    assert app.verify(app.assets.path(release.asset_sha256))["answer"] == "ours_intact"
    assert app.assets.exists(generation.output_sha256 or "")
    assert clip_seconds(app.metrics) == pytest.approx(9 / 8)


def test_a_request_that_shows_a_person_fails_with_the_reason_and_returns_its_quota(
    app: StubApplication,
) -> None:
    person = enrol_person(app, 1)
    with conveyor(app) as line:
        (generation_id,) = send_all(app.database, [ask("a wave", person)])
        line.settle([generation_id], State.FAILED)
    with app.database.read() as session:
        assert get_generation(session, generation_id).ended_because == "generator.likeness_unsupported"
        assert session.get_one(QuotaReservation, generation_id).returned
    assert 'safeconduct_generator_failures_total{code="generator.likeness_unsupported"} 1.0' in (
        app.metrics.render().decode()
    )


def test_health_names_the_generator_and_turns_red_with_its_folder(
    app: StubApplication, tmp_path: Path, wan: Path
) -> None:
    with conveyor(app):
        parts = {part.name: part.ok for part in app.health.check().parts}
    assert parts["generator"]
    assert parts["object_store"]


def test_a_folder_that_is_missing_stops_the_worker_from_starting(
    sqlite_database: Database, tmp_path: Path
) -> None:
    settings = settings_of(
        sqlite_database, tmp_path, generator="diffusers", generator_folder=tmp_path / "nowhere"
    )
    app = Application(settings)
    with pytest.raises(ServiceError) as caught:
        assert app.generator
    app.close()
    assert caught.value.code == "generator.folder_missing"


def clip_seconds(metrics: Metrics) -> float:
    """Seconds of video made so far."""
    (line,) = [
        line
        for line in metrics.render().decode().splitlines()
        if line.startswith("safeconduct_generator_clip_seconds_total")
    ]
    return float(line.rpartition(" ")[2])
