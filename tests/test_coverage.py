"""The coverage table: made from the checks that run, and the same as what decisions say."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moderation.cli.menu import for_arguments
from moderation.coverage import LOOKS, coverage_of
from moderation.gate.judge import Item
from moderation.generation.works import WorksInText
from moderation.model_registry.files import ModelFiles
from moderation.profile import NEEDED, default_profile
from moderation.store import Database
from tests.support.service import StubApplication, app_on, paint


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Iterator[StubApplication]:
    """A service without workers."""
    yield from app_on(sqlite_database, tmp_path / "home")


def test_every_check_says_what_it_looks_at_and_nothing_else_does(app: StubApplication) -> None:
    rows = app.coverage()
    looking = [row.aspect for row in rows if row.status != "uncovered"]
    assert sorted(looking) == sorted(LOOKS)
    assert len(looking) == len(set(looking))


def test_every_model_of_the_profile_is_in_the_table() -> None:
    assert {entry for looks in LOOKS.values() for entry in looks.models} == set(NEEDED)


def test_what_the_table_leaves_open_is_what_decisions_list(app: StubApplication, tmp_path: Path) -> None:
    open_slots = [row.aspect for row in app.coverage() if row.status == "uncovered"]
    request = app.judge.judge(Item("1", text="a lighthouse"))
    output = app.judge.judge(Item("2", media=paint(tmp_path / "clip.mp4")))
    assert sorted(request["uncovered"]) == sorted(output["uncovered"]) == sorted(open_slots)


def test_the_checks_of_a_decision_are_rows_with_the_same_revision(app: StubApplication) -> None:
    rows = {row.aspect: row.revision for row in app.coverage() if row.stage == "request"}
    checks = app.judge.judge(Item("1", text="a lighthouse"))["revisions"]["checks"]
    assert {name: checks[name] for name in rows} == rows


def test_a_model_that_is_not_there_is_missing_and_an_operators_own_is_said_to_be(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(b"mine")
    files = ModelFiles(tmp_path / "none", {"picture_classes": own})
    rows = {row.aspect: row for row in coverage_of(default_profile(files), WorksInText())}
    assert rows["output.weapon"].status == "overridden"
    assert rows["output.faces"].status == "missing"
    assert rows["output.faces"].models[0] == "face_detection (model.missing)"
    assert rows["request.account"].status == "covered"
    assert rows["music"].fill_with


@pytest.mark.models
def test_the_command_prints_the_table_and_fails_when_a_model_is_missing(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFECONDUCT_HOME", str(tmp_path))
    for folder, code in ((models_dir, 0), (tmp_path / "none", 1)):
        monkeypatch.setenv("SAFECONDUCT_MODELS_DIR", str(folder))
        ran = CliRunner().invoke(for_arguments(["coverage"]), ["coverage", "--json"])
        assert ran.exit_code == code
        assert {row["status"] for row in json.loads(ran.stdout)} >= {"uncovered"}
