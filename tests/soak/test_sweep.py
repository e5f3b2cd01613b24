"""The full sweep: a stream of generations through separate processes on Kafka and PostgreSQL, while everything breaks that can.

    make soak
    SAFECONDUCT_SOAK_SECONDS=120 SAFECONDUCT_SOAK_ONLY=broker,database make soak

Stub models and a stub generator; gates, bus, stamps, proofs, ledger and HTTP surface are the real ones. docs/soak.md says what
is thrown and what is counted. `SAFECONDUCT_SOAK_SEED` repeats the choices of an earlier sweep.
"""

import gc
from pathlib import Path
from time import monotonic

import pytest

from moderation.servers.process import ServerUnavailable
from tests.soak.config import KINDS, ONLY, SECONDS, SEED
from tests.soak.ground import ground_of
from tests.soak.report import fault_table, step_table
from tests.soak.sweep import Sweep
from tests.support.servers import unavailable

pytestmark = [pytest.mark.soak, pytest.mark.integration]


@pytest.mark.timeout(7200)
# kafka-python 3.0.12 forgets a socket when a consumer is closed while it connects, as a storm's members often are
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)
def test_nothing_is_lost_doubled_or_served_too_long_whatever_breaks(tmp_path: Path) -> None:
    assert set(ONLY) <= set(KINDS), f"SAFECONDUCT_SOAK_ONLY: {ONLY}; there are {KINDS}"
    print(f"\nsoak: {SECONDS:g} s of {', '.join(ONLY)}; SAFECONDUCT_SOAK_SEED={SEED}", flush=True)
    try:
        with ground_of(tmp_path) as ground:
            sweep, began = Sweep(ground, SEED, ONLY), monotonic()
            sweep.run(SECONDS)
            took = monotonic() - began
            wrongs = sweep.wrongs()
            tell(sweep, took, wrongs)
            assert not wrongs, "\n".join([*wrongs[:40], ground.deployment.fleet.logs()[-20000:]])
    except ServerUnavailable as error:
        unavailable(error)
    gc.collect()  # while the filter holds
    missing = [name for name in (*sweep.steps(), *sweep.acts()) if not sweep.tally.struck[name]]
    assert not missing, f"never struck: {missing}"


def tell(sweep: Sweep, took_s: float, wrongs: list[str]) -> None:
    """Print the account of it."""
    counts, tally, acts = sweep.load.counts(), sweep.tally, sweep.acts()
    print(f"soak: {len(sweep.load.asked)} generations in {took_s:.0f} s: {dict(counts)}")
    print(f"soak: {sum(tally.struck.values())} faults; not reached, tried again: {dict(tally.missed)}")
    print(f"soak: left out: {sweep.skipped or 'nothing'}")
    print(
        f"soak: {len(sweep.consent.revoked)} revocations, {len(sweep.consent.orders)} orders; downloads: {sweep.customer.answers}"
    )
    print(
        f"soak: links tried over a jump of the clock: {sweep.database_clock.links_tried}; storm members: {sweep.storm.joined}"
    )
    print(
        f"soak: {sweep.topics.records} records read back, {sweep.topics.repeated()} of them sent again by a relay"
    )
    print(f"soak: {len(wrongs)} wrongs")
    for line in (*wrongs[:40], "", *step_table(tally.struck), "", *fault_table(tally, acts)):
        print(line)
