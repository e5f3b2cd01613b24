"""The whole service as a user starts it: `safeconduct demo` on SQLite with the real models, and what can be asked afterwards."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Ran, run

SCENARIOS = ("likeness with consent", "likeness without consent", "violating", "malformed file")


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder in which `safeconduct` ran, and what the demonstration answered."""

    folder: Path
    results: Sequence[Mapping[str, Any]]

    def run(self, *arguments: str) -> Ran:
        """`safeconduct ARGUMENTS`, after the service has stopped; in this process, which has everything imported."""
        with pytest.MonkeyPatch.context() as patch:
            environment(self.folder, patch)
            return run(*arguments)

    def of(self, name: str) -> Mapping[str, Any]:
        """The result of a scenario."""
        return next(result for result in self.results if result["name"] == name)


def environment(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """As on a fresh machine: a home in `folder`, no other setting but where the models are."""
    for name in os.environ.keys() - {"SAFECONDUCT_MODELS_DIR"}:
        if name.startswith("SAFECONDUCT_"):
            patch.delenv(name)
    patch.setenv("SAFECONDUCT_HOME", str(folder / "home"))
    patch.chdir(folder)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Where the demonstration has run."""
    folder = tmp_path_factory.mktemp("demo")
    only = [word for name in SCENARIOS for word in ("--only", name)]
    command = [sys.executable, "-m", "moderation", "demo", "--out", "out", "--seconds", "2", "--json", *only]
    with pytest.MonkeyPatch.context() as patch:
        environment(folder, patch)
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return Machine(folder, json.loads(ran.stdout))


pytestmark = [pytest.mark.models, pytest.mark.integration]


def test_every_scenario_ends_as_it_should(machine: Machine) -> None:
    assert {result["name"]: (result["state"], result["as_expected"]) for result in machine.results} == {
        "likeness with consent": ("released", True),
        "likeness without consent": ("refused", True),
        "violating": ("refused", True),
        "malformed file": ("refused", True),
    }


def test_the_release_was_judged_twice_and_verifies_as_ours(machine: Machine) -> None:
    released = machine.of("likeness with consent")
    assert released["decisions"] == "request:allow output:allow"
    assert released["verify"] == "ours_intact"
    again = machine.run("verify", released["file"], "--json")
    assert again.status == 0
    assert again.json["answer"] == "ours_intact"


def test_one_changed_byte_is_ours_no_longer_intact(machine: Machine) -> None:
    content = bytearray((machine.folder / machine.of("likeness with consent")["file"]).read_bytes())
    content[len(content) // 2] ^= 0x01
    (machine.folder / "changed.mp4").write_bytes(content)
    changed = machine.run("verify", "changed.mp4", "--json")
    assert changed.status == 1
    assert changed.json["answer"] != "ours_intact"


def test_a_refusal_tells_the_user_why_and_leaves_no_file(machine: Machine) -> None:
    for name, why in (("violating", "violence"), ("likeness without consent", "has not allowed you")):
        assert why in machine.of(name)["why"]
        assert machine.of(name)["file"] is None
    assert {path.name for path in (machine.folder / "out").glob("*.mp4")} == {"likeness-with-consent.mp4"}


def test_every_decision_can_be_explained_and_replays_byte_for_byte(machine: Machine) -> None:
    explained = machine.run("explain", machine.of("violating")["id"], "--json")
    assert explained.json["verdict"] == "block"
    replayed = machine.run("replay", "--all", "--json")
    assert replayed.status == 0
    assert replayed.json["different"] == []


def test_the_audit_log_is_whole_and_sealed(machine: Machine) -> None:
    report = machine.run("audit", "verify", "--json").json
    assert (report["broken_at"], report["fault"]) == (None, "")
    assert report["sealed"] > 5


def test_after_the_owner_revokes_nothing_is_linked_and_the_report_says_how_far_it_reached(
    machine: Machine,
) -> None:
    assert machine.run("link", "@demo_owner", "--json").status == 0
    revoked = machine.run("revoke", "@demo_owner", "--json").json
    assert (revoked["changed"], revoked["withdrawal"]["done"]) == (True, True)
    assert revoked["withdrawal"]["reached"] >= 1
    refused = machine.run("link", "@demo_owner", "--json")
    assert refused.status == 2
    assert "release.withdrawn" in refused.err
    counts = machine.run("report", "--json").json
    assert counts["generations"]["withdrawn"] == 1
