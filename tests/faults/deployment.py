"""A service to be broken: its parts in this process, and the processes that run it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moderation.service import prepare
from moderation.settings import Settings
from moderation.store import Database
from tests.faults.process import ALL, Fleet, fleet_of
from tests.support.service import StubApplication


@dataclass(frozen=True)
class Deployment:
    """A service with its topics made, not started yet. `scaled`: Kafka and PostgreSQL, each worker a process of its own."""

    app: StubApplication
    fleet: Fleet
    scaled: bool

    @property
    def database(self) -> Database:
        """The test's own connection."""
        return self.app.database

    def beside(self, victim: str) -> tuple[str, ...]:
        """The workers that share the victim's process when embedded: all. Scaled out, the victim is alone."""
        return (victim,) if self.scaled else ALL

    def others(self, victim: str) -> tuple[str, ...]:
        """The workers in the process that stays alive: none when embedded."""
        return tuple(name for name in ALL if name != victim) if self.scaled else ()


def deployment_on(settings: Settings, *, scaled: bool, scratch: Path | None = None) -> Iterator[Deployment]:
    """Made and taken down; `scratch` is its processes' folder for temporary files."""
    app = StubApplication(settings)
    try:
        prepare(app)
        app.pki.complete  # noqa: B018  # made once, before processes race to it
        with fleet_of(settings, scratch) as fleet:
            yield Deployment(app, fleet, scaled)
    finally:
        app.close()
