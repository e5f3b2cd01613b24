"""Rules of the house that no linter checks: sizes, reasons beside ignores, docstrings, no traces of a machine, layers."""

import ast
import re
import statistics
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.codes import PACKAGES, ROOT, trees

LONGEST, LONG, MEDIAN = 400, 250, 90
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".sh", ".cfg", ".ini", ".mako", ".xml", ""}


def tracked() -> list[Path]:
    """The files of the project: what git tracks or would track; all files where there is no git (a source archive)."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        return [path for package in (*PACKAGES, "tests", "docs") for path in (ROOT / package).rglob("*")]
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


PYTHON = [path for path in tracked() if path.suffix == ".py"]
WRITTEN = [path for path in tracked() if path.suffix in TEXT and path.stat().st_size < 1_000_000]


def lengths(paths: list[Path]) -> dict[Path, int]:
    return {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}


def test_no_python_file_is_longer_than_a_reader_can_hold(
    record_property: Callable[[str, object], None],
) -> None:
    found = lengths(
        [path for path in PYTHON if "versions" not in path.parts]
    )  # migrations are written by a tool
    record_property("longest_file_lines", max(found.values()))
    too_long = {str(path.relative_to(ROOT)): count for path, count in found.items() if count > LONGEST}
    assert not too_long


def test_half_of_the_source_files_are_short_and_nine_in_ten_are_not_long(
    record_property: Callable[[str, object], None],
) -> None:
    counts = list(lengths([path for path in PYTHON if path.relative_to(ROOT).parts[0] in PACKAGES]).values())
    median, long = statistics.median(counts), sum(count >= LONG for count in counts)
    record_property("median_file_lines", median)
    assert median <= MEDIAN, f"half of the {len(counts)} source files have more than {median} lines"
    assert long <= len(counts) / 10, f"{long} of {len(counts)} source files have {LONG} lines or more"


def test_functions_are_short(record_property: Callable[[str, object], None]) -> None:
    found = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    record_property("median_function_lines", statistics.median(found))
    assert statistics.median(found) <= 10


IGNORE = re.compile(r"#\s*(type:\s*ignore|noqa)\b(?P<codes>\[[^\]]*\]|:\s*[A-Z0-9, ]+)?(?P<rest>.*)$")


def test_every_ignore_names_its_rule_and_its_reason() -> None:
    bare = []
    for path in PYTHON:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = IGNORE.search(line)
            if (
                found
                and "re.compile" not in line
                and not (found["codes"] and len(found["rest"].strip(" #")) > 5)
            ):
                bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert not bare


def test_every_rule_that_is_ignored_everywhere_has_a_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("ignore = [")
    listed = lines[start + 1 : lines.index("]", start)]
    assert listed
    unexplained = [line.strip() for line in listed if "#" not in line and '"PT011"' not in line]
    assert not unexplained


def test_every_module_says_why_it_exists() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path, tree in trees().items()
        if tree.body and not ast.get_docstring(tree)
    ]
    assert not silent


def test_every_public_function_and_class_says_what_it_promises() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, tree in trees().items()
        if "versions" not in path.parts
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent


# Written in pieces, so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![A-Za-z.])/" + r"(work|farm|root|tmp/w)/[\w.]|/tmp/" + "bash_jobs")
MIRRORS = "|".join(("pypi" + r"\.", "npm" + "js", "artifactory", "nexus", "files.python" + "hosted"))
REGISTRY = re.compile(rf"https?://[\w.-]*({MIRRORS})")


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine path", "registry host"])
def test_no_trace_of_a_machine_or_a_mirror_is_in_the_project(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in WRITTEN
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


def test_the_layers_are_checked_for_every_package_of_the_service() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")
    assert layers["exhaustive"]
    named = [name.strip() for layer in layers["layers"] for name in layer.split("|")]
    assert (
        named.index("cli")
        < named.index("api")
        < named.index("release")
        < named.index("gate")
        < named.index("bus")
    )
    assert named.index("bus") < named.index("store")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_ships_its_types(name: str) -> None:
    assert (ROOT / name / "py.typed").exists()
