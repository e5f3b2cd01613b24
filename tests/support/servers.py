"""Fixtures for everything that stores or transports: fresh databases on SQLite and PostgreSQL, and the servers behind them.

A missing server program skips its tests and says what to install.
"""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.bus.kafka import KafkaLog
from moderation.bus.sql import SqlLog
from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.servers.process import ServerUnavailable
from moderation.store import Database

KAFKA = pytest.param("kafka", marks=pytest.mark.integration)
POSTGRES = pytest.param("postgres", marks=pytest.mark.integration)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session, on loopback."""
    try:
        server = PostgresServer(durable=False)
        server.start()
    except ServerUnavailable as error:
        pytest.skip(str(error))
    yield server
    server.remove()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One Kafka broker for the session, on loopback."""
    try:
        server = KafkaServer(tmp_path_factory.mktemp("kafka")).start()
    except ServerUnavailable as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> str:
    name = postgres_server.create_database()
    database = Database(postgres_server.url(name))
    database.create_all()
    database.close()
    return name


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    database.create_all()
    database.close()
    return path


@pytest.fixture
def sqlite_database(tmp_path: Path, _sqlite_template: Path) -> Iterator[Database]:
    """A fresh SQLite database with all tables; needs no server."""
    path = tmp_path / "safeconduct.db"
    shutil.copy(_sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    database.create_all()  # tables of modules imported after the template was made
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_server: PostgresServer, _postgres_template: str) -> Iterator[Database]:
    """A fresh PostgreSQL database with all tables; mark the test `integration`."""
    name = postgres_server.create_database(_postgres_template)
    database = Database(postgres_server.url(name))
    database.create_all()
    yield database
    database.close()
    postgres_server.drop_database(name)


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
