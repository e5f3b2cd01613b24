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
from tests.bench.pipelines import BareLoop, GateParts, GateService
from tests.bench.stages import measured, table

pytestmark = [pytest.mark.bench, pytest.mark.integration, pytest.mark.timeout(1800)]
REQUESTS = 5_000
REPETITIONS = 3
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


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
def test_gate_overhead_on_kafka_and_postgresql(
    figures: Figures,
    bare: BareLoop,
    kafka_server: KafkaServer,
    durable_postgres: PostgresServer,
    tmp_path: Path,
    workers: int,
) -> None:
    """In one process with the relay, and as 1, 2 and 4 gates beside a relay, each a process."""
    url = durable_postgres.url(durable_postgres.create_database())
    service = GateService(tmp_path, url, kafka_server.bootstrap, workers=workers)
    how = f"{workers} gates and a relay" if workers else "one process"
    try:
        measure(figures, f"gate overhead, Kafka + PostgreSQL, {how}", service, bare)
    finally:
        service.close()


def test_gate_overhead_embedded(figures: Figures, bare: BareLoop, tmp_path: Path) -> None:
    service = GateService(tmp_path, f"sqlite:///{tmp_path / 'bench.db'}")
    try:
        measure(figures, "gate overhead, embedded SQLite, one process", service, bare)
    finally:
        service.close()


def measure(figures: Figures, what: str, service: GateService, bare: BareLoop) -> None:
    """Ours and the bare loop in turn, as many events each."""
    rates = in_turn(
        REPETITIONS,
        lambda: service.decisions_per_second(REQUESTS),
        lambda: bare.events_per_second(REQUESTS),
    )
    figures.add(what, *rates, unit="decisions/s", against=AGAINST)
    print(f"{what}: {service.cpu_us:.0f} us of this process's CPU for each decision of the last run")


def test_where_the_time_goes_on_kafka_and_postgresql(
    kafka_server: KafkaServer, durable_postgres: PostgresServer, tmp_path: Path
) -> None:
    """Each stage by itself, on one thread."""
    url = durable_postgres.url(durable_postgres.create_database())
    show("Kafka + PostgreSQL", GateParts(tmp_path, url, kafka_server.bootstrap))


def test_where_the_time_goes_embedded(tmp_path: Path) -> None:
    show("embedded SQLite", GateParts(tmp_path, f"sqlite:///{tmp_path / 'bench.db'}"))


def show(where: str, parts: GateParts) -> None:
    """Measure and print; a stage whose statements grew with the batch would show here."""
    try:
        stages = measured(parts, REQUESTS)
    finally:
        parts.close()
    print(f"\n{where}, {REQUESTS} requests\n\n{table(stages)}")
    assert all(stage.statements < 1 for stage in stages), "every stage works with batches"
