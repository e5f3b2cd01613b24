"""A service with a gate that refuses a few words, on SQLite, in process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.store import Database
from tests.support.wordy import WordyApplication, wordy_on


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[WordyApplication]:
    """A service without workers."""
    yield from wordy_on(sqlite_database, tmp_path / "home")
