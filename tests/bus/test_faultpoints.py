"""Fault points do nothing unless asked, and act at the place and the time they were asked for."""

import subprocess
import sys

import pytest

from moderation.bus import faultpoints
from moderation.bus.faultpoints import VARIABLE, FaultInjected, reach


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    faultpoints._reached.clear()


def test_nothing_happens_unless_asked() -> None:
    reach("before_commit")


def test_a_fault_acts_at_its_point_and_at_its_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "fail:before_commit:2")
    reach("after_commit")
    reach("before_commit")
    with pytest.raises(FaultInjected, match="before_commit"):
        reach("before_commit")
    reach("before_commit")


@pytest.mark.integration
def test_a_kill_is_sigkill() -> None:
    script = "from moderation.bus.faultpoints import reach; reach('a'); reach('b'); print('alive')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={VARIABLE: "kill:b", "PYTHONPATH": "."},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9
    assert done.stdout == b""
