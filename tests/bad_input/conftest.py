"""One application for all bad input: what one test leaves behind would break the next, so nothing may be left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from moderation.bootstrap import Application
from moderation.settings import Settings
from moderation.store import Database
from moderation.surface import http_app
from tests.support.commands import RealModels
from tests.support.service import StubApplication
from tests.support.surface import Surface, owners_headers


def surface_of(app: Application) -> Iterator[Surface]:
    """The surface of an application, open."""
    with TestClient(http_app(app), raise_server_exceptions=False) as client:
        yield Surface(app, client, owners_headers(app))
    app.close()


def settings_at(home: Path, **more: Any) -> Settings:
    """Settings on a fresh database in `home`."""
    database = Database(f"sqlite:///{home / 'safeconduct.db'}")
    database.create_all()
    database.close()
    return Settings(_env_file=None, home=home, **more)


@pytest.fixture(scope="session")
def surface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surface]:
    """With stub models: the senses see nobody, the decoder is the real one."""
    home = tmp_path_factory.mktemp("surface")
    yield from surface_of(StubApplication(settings_at(home, account_rate_per_minute=10_000)))


@pytest.fixture(scope="session")
def real_surface(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Surface]:
    """With the real models."""
    home = tmp_path_factory.mktemp("real-surface")
    settings = settings_at(home, models_dir=models_dir, account_rate_per_minute=10_000)
    yield from surface_of(RealModels(settings))
