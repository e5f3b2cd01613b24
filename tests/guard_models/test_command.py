"""`safeconduct guard check`: what a folder's model is, where it runs and what it answers, before a service depends on it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moderation.cli.menu import for_arguments
from moderation.guard_models.errors import GuardFolderMissing


def check(folder: Path, *more: str) -> dict[str, Any]:
    """The report."""
    words = ["guard", "check", str(folder), "--device", "cpu", "--json", *more]
    ran = CliRunner().invoke(for_arguments(words), words, catch_exceptions=False)
    assert ran.exit_code == 0
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no finding."""
    monkeypatch.setenv("SAFECONDUCT_GUARD_TIMEOUT_S", "120")


def test_a_text_guard_is_asked_about_the_text(llama: Path) -> None:
    report = check(llama, "--text", "kill")
    assert report["guard"] == "LlamaForCausalLM"
    assert report["revision"].startswith("LlamaForCausalLM:")
    assert (report["device"], report["precision"]) == ("cpu", "float32")
    assert "(S3)" in report["answer"]
    assert check(llama)["answer"] == "nothing"


def test_a_picture_guard_is_shown_grey_and_an_ear_hears_silence(gemma: Path, ear: Path) -> None:
    assert (check(gemma)["judges"], check(gemma)["answer"]) == ("image", "nothing")
    assert check(ear)["judges"] == "speech"


def test_a_folder_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GuardFolderMissing, match="no such folder"):
        check(tmp_path / "nowhere")
