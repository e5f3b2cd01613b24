"""The pages on a whole application with stub models, on SQLite, in process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.store import Database
from tests.support.chromium import chromium
from tests.support.pages import Browser, browser_on
from tests.support.service import StubApplication, app_on

__all__ = ["ann", "app", "bob", "browser", "chromium"]


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """A service without workers."""
    yield from app_on(sqlite_database, tmp_path / "home")


@pytest.fixture
def browser(app: StubApplication) -> Browser:
    """Of somebody who has not signed in."""
    return browser_on(app)


@pytest.fixture
def ann(app: StubApplication) -> Browser:
    """A moderator at her desk."""
    return browser_on(app).sign_in("mod_ann")


@pytest.fixture
def bob(app: StubApplication) -> Browser:
    """Another one."""
    return browser_on(app).sign_in("mod_bob")
