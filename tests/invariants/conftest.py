"""Attacks on the invariants of the design, in process, on SQLite and on PostgreSQL, with stubs for the models."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.store import Database
from tests.support.conveyor import Conveyor, conveyor
from tests.support.service import StubApplication, app_on


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """The parts of a service; nothing runs unless the test runs it."""
    yield from app_on(database, tmp_path / "home")


@pytest.fixture
def embedded(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """The same on SQLite only, for what has nothing to do with locks."""
    yield from app_on(sqlite_database, tmp_path / "home")


@pytest.fixture
def line(embedded: StubApplication) -> Iterator[Conveyor]:
    """Every worker of `embedded` but the one that stamps, run round by round by the test."""
    with conveyor(embedded, "release") as made:
        yield made
