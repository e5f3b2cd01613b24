"""A database and an event log that go together, on each transport."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from moderation.bus.kafka import KafkaLog
from moderation.bus.sql import SqlLog
from moderation.store import Database
from tests.support.bus import make_topics


@dataclass(frozen=True)
class Transport:
    """The database of the service and the log it reads: embedded they are one, with Kafka the database is PostgreSQL."""

    database: Database
    log: SqlLog | KafkaLog
    closing: ExitStack = field(default_factory=ExitStack)


@pytest.fixture
def transport(event_log: SqlLog | KafkaLog, request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Embedded on SQLite, embedded on PostgreSQL, and Kafka with PostgreSQL, with the topics made. `closing` is closed after
    the test, before the servers go."""
    make_topics(event_log)
    database = (
        event_log.database if isinstance(event_log, SqlLog) else request.getfixturevalue("postgres_database")
    )
    made = Transport(database, event_log)
    with made.closing:
        yield made
