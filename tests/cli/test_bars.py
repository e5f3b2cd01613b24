"""`safeconduct bars` measures a folder of labelled data in an empty database of its own; `model-card` tells what it wrote."""

from pathlib import Path

import pytest

from moderation.cli.bars import bars_command
from policies.evaluation.bars import BARS
from tests.policies.test_evaluation_bars import write_data
from tests.support.commands import run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place to write to, on a machine without model files: the lists and the absolute rules alone judge."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAFECONDUCT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SAFECONDUCT_MODELS_DIR", str(tmp_path / "none"))
    return tmp_path / "project"


def test_the_bars_are_measured_written_and_the_card_made_of_them(project: Path, tmp_path: Path) -> None:
    data, mistakes = write_data(tmp_path / "data"), tmp_path / "mistakes.jsonl"
    ran = run("bars", "--data", str(data), "--project", str(project), "--mistakes", str(mistakes), "--json")
    assert ran.status == 0, ran.err
    figures = next(bar for bar in ran.json["bars"] if bar["id"] == "overt")["reached"]
    refused = next(one for one in figures if one["figure"] == "over_refusal")
    assert (refused["n"], refused["standing"]) == (1, "missed")
    assert next(one for one in figures if one["figure"] == "recall")["standing"] == "not measured"
    assert "overt:1" in mistakes.read_text(encoding="utf-8")
    assert "**What could not be judged is never counted as right**" in (project / "MODEL_CARD.md").read_text()
    assert not (tmp_path / "home").exists()

    fresh = run("model-card", "--project", str(project), "--check", "--json")
    assert (fresh.status, fresh.json) == (0, {"changed": []})
    (project / "MODEL_CARD.md").write_text("edited")
    refused_card = run("model-card", "--project", str(project), "--check")
    assert refused_card.status == 2
    assert refused_card.err.startswith("safeconduct: evaluation.card_stale: MODEL_CARD.md: ")
    assert run("model-card", "--project", str(project), "--json").json == {"changed": ["MODEL_CARD.md"]}


def test_one_bar_alone_is_measured_and_nothing_is_written(project: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    ran = run("bars", "--data", str(data), "--project", str(project), "--only", "overt")
    assert ran.status == 0, ran.err
    assert "not reached   OVERT, over-refusal (wanted 0.08): 100.0 % (1 of 1" in ran.out
    assert "not measured  OVERT, recall (wanted 0.9): no rows" in ran.out
    assert "0 of 2 figures reached" in ran.out
    assert not project.exists()


def test_the_help_names_every_bar() -> None:
    assert [bar.id for bar in BARS if bar.id not in (bars_command.__doc__ or "")] == []


def test_a_bar_that_is_not_there_is_named_before_anything_is_judged(project: Path, tmp_path: Path) -> None:
    ran = run("bars", "--data", str(tmp_path), "--project", str(project), "--only", "nonsense")
    assert ran.status == 2
    assert ran.err.startswith("safeconduct: evaluation.bar_unknown: --only: ")
    assert "adjudicated, vbench" in ran.err


def test_a_folder_without_the_data_is_one_line_and_status_2(project: Path, tmp_path: Path) -> None:
    ran = run("bars", "--data", str(tmp_path), "--project", str(project))
    assert (ran.status, ran.out) == (2, "")
    assert "give the folder that holds text/, names/ and works/" in ran.err
