"""kill -9 at every place where it could hurt, on both deployments: no event unjudged, no effect twice, nothing lost."""

import pytest

from moderation.generation.state import State
from tests.faults.deployment import Deployment
from tests.faults.effects import all_in, all_quiet, assert_released_once, counted
from tests.faults.process import died_of_kill
from tests.support.service import ask, send_all

pytestmark = pytest.mark.integration

POINTS = [
    pytest.param("after_consume", "request-gate", id="kill_after_consume"),
    pytest.param("before_commit", "output-gate", id="kill_before_commit"),
    pytest.param("after_commit", "generator", id="kill_after_commit"),
    pytest.param("job.before_commit@generate", "generator", id="kill_before_the_result_commits"),
    pytest.param("after_staging", "release", id="kill_after_staging"),
    pytest.param("job.after_commit@release", "release", id="kill_after_release_commit"),
    pytest.param("before_acknowledge", "output-gate", id="kill_before_acknowledge"),
    pytest.param("relay.after_publish", "relay", id="kill_between_publishing_and_marking"),
]


@pytest.mark.parametrize(("point", "victim"), POINTS)
def test_a_worker_killed_there_loses_nothing_and_does_nothing_twice(
    point: str, victim: str, deployment: Deployment
) -> None:
    fleet, database = deployment.fleet, deployment.database
    if deployment.others(victim):
        fleet.start(*deployment.others(victim))
    doomed = fleet.start(*deployment.beside(victim), fault=f"kill:{point}")
    ids = send_all(database, [ask(f"a lighthouse, take {number}") for number in range(2)])
    assert died_of_kill(doomed), fleet.logs()
    fleet.start(*deployment.beside(victim))
    assert all_in(database, ids, State.RELEASED), fleet.logs()
    assert all_quiet(database), fleet.logs()
    assert counted(database, 2 * len(ids)), fleet.logs()
    assert_released_once(database, deployment.app.assets, ids)
