"""A worker frozen while it holds something, long enough that another takes over; then it wakes and must change nothing."""

import signal
from pathlib import Path

import pytest

from moderation.generation.state import State
from tests.faults.deployment import Deployment
from tests.faults.effects import all_in, all_quiet, assert_released_once, counted
from tests.faults.process import ALL, send_signal
from tests.support.bus import until
from tests.support.service import ask, send_all

pytestmark = pytest.mark.integration

ZOMBIES = [
    pytest.param("after_consume", "request-gate", "position_stale", id="holding_events"),
    pytest.param("after_prepare", "release", "job_result_dropped", id="holding_a_prepared_release"),
    pytest.param("after_generate", "generator", "job_result_dropped", id="holding_an_output"),
]


@pytest.mark.parametrize(("point", "victim", "says"), ZOMBIES)
def test_frozen_zombie_wakes_after_another_finished_and_its_result_is_dropped(
    point: str, victim: str, says: str, deployment: Deployment
) -> None:
    fleet, database = deployment.fleet, deployment.database
    fleet.start(*(name for name in ALL if name != victim))
    zombie = fleet.start(victim, fault=f"freeze:{point}")
    ids = send_all(database, [ask()])
    assert until(lambda: is_stopped(zombie.pid)), fleet.logs()
    fleet.start(victim)
    assert all_in(database, ids, State.RELEASED), fleet.logs()
    send_signal(zombie, signal.SIGCONT)
    assert until(lambda: says in fleet.log_of(zombie)), fleet.logs()
    assert all_quiet(database), fleet.logs()
    assert counted(database, 2), fleet.logs()
    assert_released_once(database, deployment.app.assets, ids)


def is_stopped(pid: int | None) -> bool:
    """Whether the kernel has the process stopped (proc(5), field 3 of stat)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")
