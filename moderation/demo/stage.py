"""Starting the service for the demonstration: one process on SQLite, or seven on Kafka and PostgreSQL.

The children run the same commands a deployment runs, with the same environment variables.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.settings import Settings
from moderation.workers import WORKERS

DRAIN_S = 40
SHORT_LEASE_S = "8"
"""Seconds until the work of a killed process is taken over: short, so that the demonstration is."""


class Stage:
    """A running service: its address, its settings, and its processes by name."""

    def __init__(
        self, home: Path, environment: Mapping[str, str], commands: Mapping[str, Sequence[str]]
    ) -> None:
        self.base_url = environment["SAFECONDUCT_PUBLIC_URL"]
        self.settings = settings_of(environment)
        self._environment = environment
        self._commands = commands
        self._logs = home / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The processes."""
        return tuple(self._commands)

    def start(self) -> None:
        """Start all processes."""
        for name in self._commands:
            self._start(name)

    def kill_and_restart(self, name: str) -> None:
        """SIGKILL the process wherever it is, and start it anew."""
        self._processes[name].kill()
        self._processes[name].wait()
        self._start(name)

    def stop(self) -> None:
        """SIGTERM to all, so that they drain; SIGKILL to who does not end in time."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(timeout=DRAIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str) -> None:
        with (self._logs / f"{name}.log").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "moderation", *self._commands[name]],
                env={**os.environ, **self._environment},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )


@contextmanager
def embedded(home: Path) -> Iterator[Stage]:
    """`safeconduct up`: everything in one process on SQLite."""
    yield from _running(home, {}, {"up": ["up"]})


@contextmanager
def scaled_out(home: Path) -> Iterator[Stage]:
    """Each worker alone, on a real Kafka broker and a real PostgreSQL that are started for it."""
    with ExitStack() as stack:
        postgres = PostgresServer().start()
        stack.callback(postgres.remove)
        shutil.rmtree(home / "kafka", ignore_errors=True)  # a fresh database must not meet an old log
        kafka = KafkaServer(home / "kafka").start()
        stack.callback(kafka.stop)
        environment = {
            "SAFECONDUCT_DATABASE_URL": postgres.url(postgres.create_database()),
            "SAFECONDUCT_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "SAFECONDUCT_LEASE_S": SHORT_LEASE_S,
        }
        commands = {name: ["worker", name] for name in ("api", *WORKERS)}
        yield from _running(home, environment, commands)


def _running(
    home: Path, environment: Mapping[str, str], commands: Mapping[str, Sequence[str]]
) -> Iterator[Stage]:
    port = free_port()
    stage = Stage(
        home,
        {
            **environment,
            "SAFECONDUCT_HOME": str(home),
            "SAFECONDUCT_PORT": str(port),
            "SAFECONDUCT_PUBLIC_URL": f"http://127.0.0.1:{port}",
        },
        commands,
    )
    try:
        stage.start()
        yield stage
    finally:
        stage.stop()


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings the children see."""
    prefix = "SAFECONDUCT_"
    return Settings(**{name.removeprefix(prefix).lower(): value for name, value in environment.items()})  # type: ignore[arg-type]  # parsed by pydantic


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
