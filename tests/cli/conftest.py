"""A shell on a fresh database, with stub models: commands run in this process."""

from pathlib import Path

import pytest

from moderation.store import Database
from tests.support.commands import Shell, shell_at


@pytest.fixture
def shell(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """`safeconduct` on its own machine."""
    return shell_at(sqlite_database, tmp_path, monkeypatch)
