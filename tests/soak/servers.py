"""The broker and the database die and come back, with their data."""

import random
from time import monotonic, sleep

from moderation.servers.process import ServerUnavailable
from tests.soak.ground import Ground
from tests.soak.health import HealthWatch

AWAY_S = (0.5, 6.0)


class Broker:
    """Kafka: an orderly restart, or kill -9; the data stays."""

    def __init__(self, ground: Ground, choose: random.Random, health: HealthWatch) -> None:
        self._ground, self._choose, self._health = ground, choose, health

    def strike(self, how: str) -> None:
        """`restarted` or `killed`; away for some seconds."""
        kafka = self._ground.kafka
        (kafka.kill if how == "killed" else kafka.stop)()
        self._health.expect_red("event_log")
        sleep(self._ground.pace * self._choose.uniform(*AWAY_S))
        kafka.start()
        self._health.expect_green("event_log")


class DatabaseServer:
    """PostgreSQL: an orderly restart, an immediate stop, or kill -9 of its first process; then recovery from its log."""

    def __init__(self, ground: Ground, choose: random.Random, health: HealthWatch) -> None:
        self._ground, self._choose, self._health = ground, choose, health

    def strike(self, how: str) -> None:
        """`restarted`, `stopped at once` or `killed`; away for some seconds."""
        server = self._ground.postgres
        act = {"restarted": server.stop, "stopped at once": server.stop_at_once, "killed": server.kill}[how]
        act()
        self._health.expect_red("database")
        sleep(self._ground.pace * self._choose.uniform(*AWAY_S))
        server.start()
        self._health.expect_green("database")


def keep_up(ground: Ground, within_s: float = 60) -> None:
    """Bring the database back if it has ended by itself, as it does when its disk is full."""
    deadline = monotonic() + within_s
    while True:
        try:
            if not ground.postgres.running:
                ground.postgres.start()
            ground.database.ping()
            return
        except Exception as error:
            if monotonic() > deadline:
                raise ServerUnavailable(
                    "server.not_started", f"postgres: did not come back: {error}"
                ) from error
            sleep(0.3)
