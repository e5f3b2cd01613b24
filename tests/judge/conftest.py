"""A shell with stub models, and one with the real ones, loaded once for the whole session."""

from pathlib import Path

import pytest

from moderation.store import Database
from tests.support.commands import Shell, real_shell_at, shell_at


@pytest.fixture
def shell(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """`safeconduct` with models that see and read nothing."""
    return shell_at(sqlite_database, tmp_path, monkeypatch)


@pytest.fixture
def real_shell(
    sqlite_database: Database, tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """`safeconduct` with the real models."""
    return real_shell_at(sqlite_database, tmp_path, models_dir, monkeypatch)
