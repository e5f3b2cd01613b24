"""`safeconduct` as a user runs it, in this process: arguments in, what it printed and its exit status out."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from moderation.bootstrap import Application
from moderation.cli import main
from moderation.cli.session import application
from moderation.model_registry.files import ModelFiles
from moderation.parts.ground import ensure_policy
from moderation.profile import Profile, default_profile
from moderation.store import Database
from tests.support.service import StubApplication


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments: str, typed: str = "") -> Ran:
    """Run `safeconduct ARGUMENTS`, with `typed` on its standard input."""
    out, err, before = io.StringIO(), io.StringIO(), (sys.argv, sys.stdin)
    sys.argv, sys.stdin = ["safeconduct", *arguments], io.StringIO(typed)
    status: object = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as ended:
        status = ended.code
    finally:
        sys.argv, sys.stdin = before
    assert isinstance(status, int | None)
    return Ran(status or 0, out.getvalue(), err.getvalue())


@dataclass(frozen=True, slots=True)
class Shell:
    """A machine on which `safeconduct` is installed: its home, and its database."""

    home: Path
    database: Database

    def __call__(self, *arguments: str, typed: str = "") -> Ran:
        """Run `safeconduct ARGUMENTS` here."""
        return run(*arguments, typed=typed)

    @contextmanager
    def parts(self) -> Iterator[Application]:
        """As a command sees them."""
        with application() as parts:
            yield parts


def shell_at(database: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell on this database with stub models. Nothing of the caller's environment reaches it."""
    _environment(home, monkeypatch)
    url = database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("SAFECONDUCT_DATABASE_URL", url)
    monkeypatch.setattr("moderation.cli.session.Application", StubApplication)
    with database.transaction() as session:
        ensure_policy(session)
    return Shell(home, database)


def real_shell_at(database: Database, home: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell on this database with the real models, which all tests of the session share."""
    _environment(home, monkeypatch)
    url = database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("SAFECONDUCT_DATABASE_URL", url)
    monkeypatch.setattr("moderation.cli.session.Application", RealModels)
    monkeypatch.setenv("SAFECONDUCT_MODELS_DIR", str(models_dir))
    return Shell(home, database)


@cache
def shared_profile(models_dir: Path) -> Profile:
    """The real models, loaded once for all tests of the session."""
    return default_profile(ModelFiles(models_dir))


class RealModels(StubApplication):
    """The real checks with the real models; the database has its tables, and the generator is the painter."""

    profile = property(lambda self: shared_profile(self.settings.models_dir))
    works = Application.works


def _environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)  # no .env of the project
    monkeypatch.setenv("SAFECONDUCT_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("SAFECONDUCT_KAFKA_BOOTSTRAP", raising=False)
