"""The workflow on SQLite and on PostgreSQL, with stubs for the models."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.store import Database
from tests.support.service import StubApplication, app_on


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """The parts of a service; nothing runs unless the test runs it."""
    yield from app_on(database, tmp_path / "home")
