"""One of each outage that is cheap, under load, on Kafka and PostgreSQL: the sweep of tests/soak in short.

Without root there is no small disk to fill: that one is then left out.
"""

import gc
from pathlib import Path

import pytest

from moderation.servers.process import ServerUnavailable
from tests.soak.ground import ground_of
from tests.soak.sweep import Sweep
from tests.support.servers import unavailable

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
OUTAGES = frozenset({"broker killed", "PostgreSQL killed", "disk of the assets full"})


# kafka-python 3.0.12 forgets a socket when a consumer is closed while it connects
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)
def test_after_each_outage_the_service_goes_on_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    kinds = ("broker", "database", "disk")
    try:
        with ground_of(tmp_path, pace=0.3) as ground:
            sweep = Sweep(ground, 1, kinds, OUTAGES)
            sweep.run(0, pause_s=(0.0, 0.2))
            wrongs = sweep.wrongs()
            assert not wrongs, "\n".join([*wrongs[:20], ground.deployment.fleet.logs()])
    except ServerUnavailable as error:
        unavailable(error)
    gc.collect()  # while the filter holds
    assert {name for name in sweep.acts() if sweep.tally.struck[name]} == set(sweep.acts())
