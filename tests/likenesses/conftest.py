"""A service with stub models on a fresh database, and a real face model where a test is marked `models`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.bootstrap import Application
from moderation.store import Database
from tests.support.commands import RealModels
from tests.support.service import StubApplication, settings_of


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[Application]:
    """People are colours."""
    made = StubApplication(settings_of(sqlite_database, tmp_path))
    yield made
    made.close()


@pytest.fixture
def real_app(sqlite_database: Database, tmp_path: Path, models_dir: Path) -> Iterator[Application]:
    """The real face model, shared by the session."""
    made = RealModels(settings_of(sqlite_database, tmp_path, models_dir=models_dir))
    yield made
    made.close()
