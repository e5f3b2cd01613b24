"""The two deployments that faults are tried on: all in one process on SQLite, and Kafka with PostgreSQL."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moderation.generation.generate import GENERATE
from moderation.store import Database
from tests.faults.deployment import Deployment, deployment_on
from tests.support.conveyor import conveyor
from tests.support.service import StubApplication, app_on, settings_of
from tests.support.studio import Studio


@pytest.fixture
def partitions() -> int:
    """Of each topic; a module may say otherwise."""
    return 2


@pytest.fixture(params=["embedded", "scaled"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path, partitions: int) -> Iterator[Deployment]:
    """Both deployments."""
    scaled = request.param == "scaled"
    database = request.getfixturevalue("postgres_database" if scaled else "sqlite_database")
    more: dict[str, Any] = {"partitions": partitions}
    if scaled:
        broker = request.getfixturevalue("kafka_server")
        more |= {"kafka_bootstrap": broker.bootstrap, "topic_prefix": f"f{secrets.token_hex(4)}."}
    yield from deployment_on(settings_of(database, tmp_path / "home", **more), scaled=scaled)


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """The parts alone, embedded, on SQLite and on PostgreSQL; the test runs them itself."""
    yield from app_on(database, tmp_path / "home")


@pytest.fixture
def studio(app: StubApplication) -> Iterator[Studio]:
    """All workers but the generator's pool: its consumer runs, its jobs are the test's."""
    with conveyor(app) as line:
        line.leave_alone(GENERATE)
        yield Studio(app, line)
