"""Starting the service for the demonstration: one process on SQLite, or seven on Kafka and PostgreSQL.

The children run the same commands a deployment runs, with the same environment variables.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.settings import Settings
from moderation.workers import WORKERS

DRAIN_S = 40


@dataclass(frozen=True, slots=True)
class Stage:
    """A running service: its address, its settings, and its processes by name."""

    base_url: str
    settings: Settings
    processes: Mapping[str, "subprocess.Popen[bytes]"]


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
        }
        commands = {name: ["worker", name] for name in ("api", *WORKERS)}
        yield from _running(home, environment, commands)


def _running(
    home: Path, environment: Mapping[str, str], commands: Mapping[str, Sequence[str]]
) -> Iterator[Stage]:
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    environment = {
        **environment,
        "SAFECONDUCT_HOME": str(home),
        "SAFECONDUCT_PORT": str(port),
        "SAFECONDUCT_PUBLIC_URL": base_url,
    }
    settings = settings_of(environment)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    try:
        for name, command in commands.items():
            processes[name] = start(command, environment, logs / f"{name}.log")
        yield Stage(base_url, settings, processes)
    finally:
        stop(processes.values())


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start `safeconduct COMMAND` with its output in `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "moderation", *command],
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )


def stop(processes: Iterable["subprocess.Popen[bytes]"]) -> None:
    """SIGTERM to all, so that they drain; SIGKILL to who does not end in time."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        try:
            process.wait(timeout=DRAIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings the children see."""
    prefix = "SAFECONDUCT_"
    return Settings(**{name.removeprefix(prefix).lower(): value for name, value in environment.items()})  # type: ignore[arg-type]  # parsed by pydantic


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
