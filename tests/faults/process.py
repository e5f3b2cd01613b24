"""Worker processes that a test may kill or freeze: the service's own loops over the stub profile, each forked from a server
that has imported everything once. A death is a real one: SIGKILL, no handler, no clean-up."""

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import RLock
from typing import Any

from sqlmodel import Session

from moderation.bus import faultpoints
from moderation.bus.faultpoints import VARIABLE
from moderation.service import run_surface, run_workers
from moderation.settings import Settings
from moderation.store import Database
from moderation.warming import API
from moderation.workers import WORKERS
from tests.support.service import StubApplication

ALL = tuple(WORKERS)
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


def main(
    settings: dict[str, Any], names: Sequence[str], fault: str, log: Path, scratch: Path | None = None
) -> None:
    """What the child runs until SIGTERM: the named workers, or the HTTP surface. `scratch` is its folder for temporary files."""
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.environ[VARIABLE] = fault
    if scratch:
        tempfile.tempdir = str(scratch)
    app = StubApplication(Settings(_env_file=None, **settings))
    if fault.startswith("freeze") and app.database.dialect == "sqlite":
        freeze_between_writes()
    try:
        if API in names:
            run_surface(app, names)
        else:
            run_workers(app, names)
    finally:
        app.close()


def freeze_between_writes() -> None:
    """Let a freeze wait until no other thread of this process is writing: a process frozen while it holds SQLite's one write
    lock stops everybody, which no code of ours can mend (PostgreSQL ends such a transaction by itself)."""
    turn, transaction, send = RLock(), Database.transaction, faultpoints.send

    @contextmanager
    def transaction_in_turn(self: Database) -> Iterator[Session]:
        with turn, transaction(self) as session:
            yield session

    def send_in_turn(number: signal.Signals) -> None:
        with turn:
            send(number)

    Database.transaction = transaction_in_turn  # type: ignore[method-assign]  # for the life of this process
    faultpoints.send = send_in_turn


@dataclass
class Fleet:
    """The processes of one service; `home` keeps their logs, `scratch` their temporary files."""

    settings: Settings
    scratch: Path | None = None
    running: list[ForkServerProcess] = field(default_factory=list)

    def start(self, *names: str, fault: str = "") -> ForkServerProcess:
        """Start a process with these workers; `fault` as `bus.faultpoints` reads it."""
        log = self._log(len(self.running))
        process = CONTEXT.Process(
            target=main, args=(self.settings.model_dump(), names, fault, log, self.scratch)
        )
        process.start()
        self.running.append(process)
        return process

    def log_of(self, process: ForkServerProcess) -> str:
        """What it wrote."""
        return self._log(self.running.index(process)).read_text()

    def logs(self) -> str:
        """What they wrote, for the message of a failing test."""
        parts = sorted(self.settings.home.glob("process-*.log"))
        return "\n".join(f"== {part.name}\n{part.read_text()[-3000:]}" for part in parts)

    def _log(self, number: int) -> Path:
        return self.settings.home / f"process-{number}.log"

    def end(self) -> None:
        """SIGKILL to all, frozen ones too: draining is tested elsewhere, and a test must not wait for it."""
        for process in self.running:
            if process.is_alive():
                process.kill()
            process.join()


@contextmanager
def fleet_of(settings: Settings, scratch: Path | None = None) -> Iterator[Fleet]:
    """A fleet that is gone afterwards."""
    settings.home.mkdir(parents=True, exist_ok=True)
    fleet = Fleet(settings, scratch)
    try:
        yield fleet
    finally:
        fleet.end()


def died_of_kill(process: ForkServerProcess, within_s: float = 60) -> bool:
    """Wait for its end; whether it was SIGKILL."""
    process.join(within_s)
    return process.exitcode == -signal.SIGKILL


def send_signal(process: ForkServerProcess, number: signal.Signals) -> None:
    """Send a signal to it."""
    assert process.pid is not None
    os.kill(process.pid, number)
