"""The sweep knows every fault point of the code, and every kind of job: a new one is killed and frozen there, too."""

from pathlib import Path

import pytest

from moderation.bus.job_pool import JobPool
from moderation.store import Database
from moderation.workers import WORKERS
from tests.soak.steps import KINDS, POINTS, points_in_code
from tests.support.conveyor import Conveyor
from tests.support.service import StubApplication, settings_of


def test_every_fault_point_of_the_code_is_a_step_of_the_sweep() -> None:
    assert points_in_code() == {name.partition("@")[0] for name in POINTS}


@pytest.mark.integration  # the release worker opens its time-stamp authority
def test_every_kind_of_job_has_its_steps_in_the_worker_that_runs_it(
    sqlite_database: Database, tmp_path: Path
) -> None:
    app = StubApplication(settings_of(sqlite_database, tmp_path / "home"))
    try:
        found = {kind: name for name in WORKERS for kind in kinds_of(app, name)}
    finally:
        app.close()
    assert found == KINDS


def kinds_of(app: StubApplication, name: str) -> list[str]:
    """The kinds of job that a worker runs."""
    line = Conveyor(app, [name])
    try:
        return [kind for pool in line._pools if isinstance(pool, JobPool) for kind in pool._handlers]
    finally:
        line.close()
