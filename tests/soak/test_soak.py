"""The long sweep: a stream of generations through separate processes on Kafka and PostgreSQL, killed and frozen at random.

    SAFECONDUCT_SOAK_SECONDS=120 make soak

Stub models and a stub generator; gates, bus, stamps, proofs and ledger are the real ones. At the end nothing may be lost and
nothing doubled: each generation has one decision per stage, one release, one ledger row, one event of each kind, one place
in the quota, and no dead letter. `SAFECONDUCT_SOAK_SEED` repeats the same choices.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from moderation.bus.faultpoints import VARIABLE
from moderation.generation.state import State
from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.store import Database
from tests.faults.deployment import Deployment, deployment_on
from tests.faults.effects import all_in, all_quiet, assert_released_once, states
from tests.faults.process import ALL, send_signal
from tests.support.service import ask, send_all, settings_of

pytestmark = [pytest.mark.soak, pytest.mark.integration]
SECONDS = float(os.environ.get("SAFECONDUCT_SOAK_SECONDS", "120"))
SEED = int(os.environ.get("SAFECONDUCT_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
IN_FLIGHT = 12
SETTLE_S = 180.0


@pytest.fixture
def scaled(
    kafka_server: KafkaServer, postgres_server: PostgresServer, tmp_path: Path
) -> Iterator[Deployment]:
    """A fresh service on Kafka and PostgreSQL, with its fleet."""
    database = Database(postgres_server.url(postgres_server.create_database()))
    database.create_all()
    more: dict[str, Any] = {
        "partitions": 4,
        "kafka_bootstrap": kafka_server.bootstrap,
        "topic_prefix": f"s{os.getpid()}.",
        "account_rate_per_minute": 10**9,
        "account_daily_quota": 10**9,
        "total_daily_quota": 10**9,
    }
    yield from deployment_on(settings_of(database, tmp_path / "home", **more), scaled=True)
    database.close()


class Havoc:
    """Kills, or freezes for longer than a lease and wakes, one worker at a time; whoever died is started again."""

    def __init__(self, deployment: Deployment, choose: random.Random) -> None:
        self._fleet, self._choose = deployment.fleet, choose
        self._frozen_s = deployment.app.settings.lease_s + 1.0
        self._processes = {name: self._fleet.start(name) for name in ALL}
        self.done: Counter[str] = Counter()

    def strike(self) -> None:
        """One act."""
        name = self._choose.choice(ALL)
        process = self._processes[name]
        if self._choose.random() < 0.25:
            send_signal(process, signal.SIGSTOP)
            self._processes[name] = self._fleet.start(name)  # another takes over; then the zombie wakes
            sleep(self._frozen_s)
            send_signal(process, signal.SIGCONT)
            self.done[f"{name} frozen"] += 1
            sleep(1.0)
        else:
            self.done[f"{name} killed"] += 1
        process.kill()
        process.join()
        if self._processes[name] is process:
            self._processes[name] = self._fleet.start(name)


def settled(database: Database, ids: list[str]) -> int:
    """How many are released."""
    return sum(state == State.RELEASED.value for state in states(database, ids).values())


def test_nothing_is_lost_or_doubled_while_workers_die_at_random(scaled: Deployment) -> None:
    assert VARIABLE not in os.environ
    print(f"\nsoak: {SECONDS:g} s, SAFECONDUCT_SOAK_SEED={SEED}")
    choose = random.Random(SEED)
    havoc = Havoc(scaled, choose)
    ids: list[str] = []
    ends, strikes_at = monotonic() + SECONDS, monotonic() + 10
    while monotonic() < ends:
        room = IN_FLIGHT - (len(ids) - settled(scaled.database, ids))
        if room > 0:
            ids += send_all(scaled.database, [ask(f"a lighthouse, take {len(ids) + n}") for n in range(room)])
        if monotonic() > strikes_at:
            havoc.strike()
            strikes_at = monotonic() + choose.uniform(0.5, 4.0)
        sleep(0.25)
    assert all_in(scaled.database, ids, State.RELEASED, within_s=SETTLE_S), (
        Counter(states(scaled.database, ids).values()),
        scaled.fleet.logs(),
    )
    assert all_quiet(scaled.database, within_s=SETTLE_S)
    assert_released_once(scaled.database, scaled.app.assets, ids)
    print(f"soak: {len(ids)} released once each; {dict(sorted(havoc.done.items()))}")
