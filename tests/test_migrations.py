"""The migrations make exactly the schema that the models describe, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

from moderation.servers.postgres import PostgresServer
from moderation.store import Database

pytestmark = pytest.mark.integration


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.create_database())
    database = Database(url)
    yield database
    database.close()


def test_the_migrated_schema_is_the_one_the_models_describe(empty_database: Database) -> None:
    empty_database.upgrade()
    with empty_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    empty_database.upgrade()
    empty_database.upgrade()
    empty_database.ping()


TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
}


def triggers(database: Database) -> list[tuple[str, str]]:
    """Every trigger with its text."""
    with database.read() as session:
        rows = session.execute(text(TRIGGERS[database.dialect])).all()
    return [(str(name), str(definition)) for name, definition in rows]


def test_the_migrated_schema_has_the_guards_of_the_models(
    empty_database: Database, request: pytest.FixtureRequest
) -> None:
    """A table copied by a migration of SQLite loses its triggers; whoever wrote it finds out here."""
    empty_database.upgrade()
    made = request.getfixturevalue(
        "sqlite_database" if empty_database.dialect == "sqlite" else "postgres_database"
    )
    assert len(triggers(made)) == {"sqlite": 12, "postgresql": 11}[made.dialect]
    assert triggers(empty_database) == triggers(made)
