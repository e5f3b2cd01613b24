"""The service with a generator of the test's choosing: it acts as it is told, and its jobs are run when the test says so."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time

from sqlmodel import select

from moderation.accounts.models import QuotaReservation
from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import JobRow
from moderation.bus.log import Partition, Record
from moderation.bus.outbox import OutboxRow
from moderation.generation.generate import GENERATE, GenerateJob
from moderation.generation.generators.port import (
    Cancelled,
    GenerationCancelled,
    GenerationFailed,
    Generator,
    Progress,
)
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.generation.tables import Asset
from moderation.messages import Brief, GenerationApproved, Topic, decode
from moderation.release.upkeep import STAGING_KEPT_MS
from tests.support.bus import AT_ONCE, until
from tests.support.conveyor import Conveyor
from tests.support.service import StubApplication, ask, paint, send_all

Behaviour = Callable[[Cancelled], None]


@dataclass
class Acting:
    """A generator that does what the test says, one behaviour per call; afterwards, and when one returns, it paints."""

    behaviours: list[Behaviour] = field(default_factory=list)
    calls: int = 0
    began: threading.Event = field(default_factory=threading.Event)

    def identity(self) -> tuple[str, str]:
        """Name and version."""
        return "acting", "1"

    def generate(
        self,
        brief: Brief,
        *,
        portraits: Mapping[str, Path],
        references: Sequence[Path],
        target: Path,
        progress: Progress,
        cancelled: Cancelled,
    ) -> None:
        """Act, then paint."""
        self.calls += 1
        self.began.set()
        progress(0.25)
        if self.behaviours:
            self.behaviours.pop(0)(cancelled)
        paint(target, 1 if brief.likenesses else 0)


def until_stopped(cancelled: Cancelled) -> None:
    """Work until somebody says stop."""
    assert until(cancelled, 20)
    raise GenerationCancelled


def broken(cancelled: Cancelled) -> None:
    """Fail in a way that may pass."""
    raise GenerationFailed("generator.unavailable", "the server is down", retryable=True)


def refused(cancelled: Cancelled) -> None:
    """Fail in a way that stays."""
    raise GenerationFailed("generator.refused", "no such style", retryable=False)


@dataclass
class Studio:
    """The service with a generator of the test's choosing; the generator's jobs are run by `work`."""

    app: StubApplication
    line: Conveyor
    acting: Acting = field(default_factory=Acting)

    def order(self, *people: object) -> str:
        """A request that was approved and waits for the generator."""
        (generation_id,) = send_all(self.app.database, [ask("a lighthouse", *people)])  # type: ignore[arg-type]  # persons
        self.line.settle([generation_id], State.APPROVED)
        return generation_id

    def work(
        self,
        generator: Generator | None = None,
        *,
        timeout_s: float = 30,
        lease_s: float = 30,
        rounds: int = 1,
    ) -> None:
        """Attempt what is due, `rounds` times; without a heartbeat, so a lease of this length runs out."""
        job = GenerateJob(
            self.app.database, self.app.assets, generator or self.acting, timeout_s, lease_s=lease_s
        )
        pool = JobPool(self.app.database, [job], backoff=AT_ONCE)
        for _ in range(rounds):
            assert until(lambda: pool.run_once() == 1, 5)

    def holds_capacity(self, generation_id: str) -> bool:
        """Whether it still has its place in the day's quota."""
        with self.app.database.read() as session:
            return not session.get_one(QuotaReservation, generation_id).returned

    def why(self, generation_id: str) -> str:
        """The code it ended with."""
        with self.app.database.read() as session:
            return get_generation(session, generation_id).ended_because

    def outputs(self) -> list[str]:
        """The outputs on record."""
        with self.app.database.read() as session:
            return list(session.exec(select(Asset.sha256).where(Asset.role == "output")))

    def staged(self) -> list[Path]:
        """The files that wait in staging."""
        return sorted(Path(self.app.settings.resolved_asset_url).glob("staging/*"))

    def approval(self, generation_id: str) -> GenerationApproved:
        """The message that sent the brief to the generator."""
        with self.app.database.read() as session:
            values = session.exec(
                select(OutboxRow.value).where(OutboxRow.topic == Topic.APPROVED.value)
            ).all()
        messages = [decode(value).open() for value in values]
        (found,) = [one for one in messages if one.key == generation_id]
        assert isinstance(found, GenerationApproved)
        return found

    def job(self) -> JobRow:
        """The generator's only job."""
        with self.app.database.read() as session:
            return session.exec(select(JobRow).where(JobRow.kind == GENERATE)).one()


def let_a_day_pass(path: Path) -> None:
    """Make the file a day and a minute old."""
    written = time() - STAGING_KEPT_MS / 1000 - 60
    os.utime(path, (written, written))


def record_about(generation_id: str) -> Record:
    """A record of the generation, as a consumer gets it."""
    return Record(Partition(Topic.APPROVED.value, 0), 0, generation_id, "evt_1", b"")
