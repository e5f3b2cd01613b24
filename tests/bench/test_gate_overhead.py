"""How fast the gate is when the models cost nothing: what durability, jobs, policy, audit and the outbox take.

    .venv/bin/python -m pytest tests/bench/test_gate_overhead.py -m bench -s

Ours: a request event is consumed, becomes a row and a job, is judged by every check (stub models), decided, recorded with
its canonical body, its quota reserved, and its decision and approval relayed back to the log; one process does it all.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from tests.bench.figures import Figures, in_turn
from tests.bench.pipelines import BareLoop, GateService

pytestmark = [pytest.mark.bench, pytest.mark.integration]
REQUESTS = 200
REPETITIONS = 3
BARE_EVENTS = 5_000
AGAINST = "a bare kafka-python loop on the same broker (poll 500, JSON in, JSON out, flush, commit)"


@pytest.fixture(scope="module")
def durable_postgres() -> Iterator[PostgresServer]:
    """PostgreSQL with fsync on, as in production."""
    server = PostgresServer(durable=True).start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def bare(kafka_server: KafkaServer) -> Iterator[BareLoop]:
    """The peer."""
    loop = BareLoop(kafka_server.bootstrap)
    yield loop
    loop.close()


def test_gate_overhead_on_kafka_and_postgresql(
    figures: Figures,
    bare: BareLoop,
    kafka_server: KafkaServer,
    durable_postgres: PostgresServer,
    tmp_path: Path,
) -> None:
    service = GateService(
        tmp_path, durable_postgres.url(durable_postgres.create_database()), kafka_server.bootstrap
    )
    try:
        measured = in_turn(
            REPETITIONS,
            lambda: service.decisions_per_second(REQUESTS),
            lambda: bare.events_per_second(BARE_EVENTS),
        )
    finally:
        service.close()
    figures.add("gate overhead, Kafka + PostgreSQL", *measured, unit="decisions/s", against=AGAINST)


def test_gate_overhead_embedded(figures: Figures, bare: BareLoop, tmp_path: Path) -> None:
    service = GateService(tmp_path, f"sqlite:///{tmp_path / 'bench.db'}")
    try:
        measured = in_turn(
            REPETITIONS,
            lambda: service.decisions_per_second(REQUESTS),
            lambda: bare.events_per_second(BARE_EVENTS),
        )
    finally:
        service.close()
    figures.add("gate overhead, embedded SQLite", *measured, unit="decisions/s", against=AGAINST)
