"""The Makefile explains itself, and the check that CI runs is the one a person runs."""

import os
import re
import subprocess
import tomllib

import pytest

from tests.docs.codes import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):.*$", MAKEFILE, re.MULTILINE)


def helped() -> dict[str, str]:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^make ([a-z-]+)\s+(\S.*)$", shown, re.MULTILINE))


def test_help_lists_every_target_with_what_it_does() -> None:
    assert set(helped()) == set(TARGETS)


def test_help_is_what_plain_make_prints() -> None:
    assert re.search(r"^\.DEFAULT_GOAL := help$", MAKEFILE, re.MULTILINE)


def test_every_target_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == set(TARGETS)


@pytest.mark.parametrize("part", ["models", "lint", "types", "imports", "unit"])
def test_make_test_runs_every_check(part: str) -> None:
    line = re.search(r"^test: (.+?) ##", MAKEFILE, re.MULTILINE)
    assert line
    assert part in line[1].split()


@pytest.mark.parametrize("script", [".ci/run", "scripts/system-packages"])
def test_scripts_stop_at_the_first_error_and_can_be_executed(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0


def test_ci_runs_make_test() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == "make test"


def test_the_plain_test_run_leaves_out_the_long_sweep_and_the_benches() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "-m 'not soak and not bench and not fuzz'" in project["tool"]["pytest"]["ini_options"]["addopts"]


def test_a_machine_without_a_gpu_gets_the_cpu_build_of_torch() -> None:
    assert "torch==2.13.0" in (ROOT / "constraints-cpu.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_every_dependency_has_a_tested_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {plain(line.split("==")[0]) for line in constraints if "==" in line}
    missing = [
        name
        for name in (plain(re.split(r"[\[<>=~ ;]", one)[0]) for one in wanted)
        if name not in pinned | {"torch"}
    ]
    assert not missing, f"add to constraints.txt: {missing}"


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
