"""The two deployments that faults are tried on: all in one process on SQLite, and Kafka with PostgreSQL."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.deployment import Deployment, deployment_on
from tests.support.service import settings_of


@pytest.fixture(params=["embedded", "scaled"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployment]:
    """Both deployments."""
    scaled = request.param == "scaled"
    database = request.getfixturevalue("postgres_database" if scaled else "sqlite_database")
    more = {}
    if scaled:
        broker = request.getfixturevalue("kafka_server")
        more = {"kafka_bootstrap": broker.bootstrap, "topic_prefix": f"f{secrets.token_hex(4)}."}
    yield from deployment_on(settings_of(database, tmp_path / "home", **more), scaled=scaled)
