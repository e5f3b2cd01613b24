"""Fixtures for everything that stores or transports: fresh databases on SQLite and PostgreSQL, and the servers behind them.

A missing server program skips its tests and says what to install.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from sqlmodel import SQLModel

from moderation.bus.kafka import KafkaLog
from moderation.bus.sql import SqlLog
from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.servers.process import ServerUnavailable
from moderation.store import Database
from tests.support.shared_postgres import SharedPostgres

KAFKA = pytest.param("kafka", marks=pytest.mark.integration)
POSTGRES = pytest.param("postgres", marks=pytest.mark.integration)


REQUIRED = "SAFECONDUCT_TEST_REQUIRE_SERVERS"
"""Set to 1, a missing server program is a failure: CI must not be green without Kafka and PostgreSQL."""


def unavailable(error: ServerUnavailable) -> NoReturn:
    """Skip with the reason, or fail where servers are required."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(str(error))
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session, on loopback."""
    try:
        server = PostgresServer(durable=False)
        server.start()
    except ServerUnavailable as error:
        unavailable(error)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One Kafka broker for the session, on loopback."""
    try:
        server = KafkaServer(tmp_path_factory.mktemp("kafka")).start()
    except ServerUnavailable as error:
        unavailable(error)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _shared_postgres(postgres_server: PostgresServer) -> SharedPostgres:
    return SharedPostgres(postgres_server)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, frozenset[str]]:
    path = tmp_path_factory.mktemp("template") / "template.db"
    return path, _fill(Database(f"sqlite:///{path}"))


def _fill(template: Database) -> frozenset[str]:
    """Make every table known so far; their names."""
    template.create_all()
    template.close()
    return frozenset(SQLModel.metadata.tables)


def _complete(copy: Database, tables: frozenset[str]) -> Database:
    """Add the tables of modules that were imported after the template was made."""
    if tables != SQLModel.metadata.tables.keys():
        copy.create_all()
    return copy


@pytest.fixture
def sqlite_database(tmp_path: Path, _sqlite_template: tuple[Path, frozenset[str]]) -> Iterator[Database]:
    """A fresh SQLite database with all tables; needs no server."""
    template, tables = _sqlite_template
    path = tmp_path / "safeconduct.db"
    shutil.copy(template, path)
    database = _complete(Database(f"sqlite:///{path}"), tables)
    yield database
    database.close()


@pytest.fixture
def postgres_database(_shared_postgres: SharedPostgres) -> Iterator[Database]:
    """An empty PostgreSQL database with all tables; mark the test `integration`."""
    database = _shared_postgres.lend()
    yield database
    _shared_postgres.take_back(database)


@pytest.fixture(params=["sqlite", POSTGRES])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh database with all tables, once on SQLite and once on PostgreSQL."""
    made = request.getfixturevalue(f"{request.param}_database")
    assert isinstance(made, Database)
    return made


def _sql_log(request: pytest.FixtureRequest, name: str) -> SqlLog:
    database = request.getfixturevalue(name)
    assert isinstance(database, Database)
    return SqlLog(database, session_s=1.5, poll_s=0.05)


@pytest.fixture(params=["sql", pytest.param("sql-postgres", marks=pytest.mark.integration), KAFKA])
def event_log(request: pytest.FixtureRequest) -> Iterator[SqlLog | KafkaLog]:
    """The event log on each transport: embedded on SQLite and on PostgreSQL, and Kafka under a prefix of its own."""
    if request.param == "kafka":
        server = request.getfixturevalue("kafka_server")
        log: SqlLog | KafkaLog = KafkaLog(server.bootstrap, prefix=f"t{secrets.token_hex(4)}.", session_s=6)
    else:
        log = _sql_log(request, "sqlite_database" if request.param == "sql" else "postgres_database")
    with log:
        yield log
