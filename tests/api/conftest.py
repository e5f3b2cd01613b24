"""The surface under test, on SQLite, in process."""

from collections.abc import Iterator

import pytest

from moderation.store import Database
from tests.support.api import World, make_world


@pytest.fixture
def world(sqlite_database: Database) -> Iterator[World]:
    """A surface with its fakes; sockets stay closed."""
    made = make_world(sqlite_database)
    with made.client:
        yield made
    made.services.health.close()
