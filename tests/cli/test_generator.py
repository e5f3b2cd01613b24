"""`safeconduct generator check`: a pipeline's folder tried out, or refused in one line that says what to mend."""

from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.pipelines import save_wan


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFECONDUCT_GENERATOR_FOLDER", raising=False)


def test_a_folder_that_works_is_described_after_one_step(tmp_path: Path) -> None:
    ran = run("generator", "check", str(save_wan(tmp_path / "wan")), "--device", "cpu", "--json")
    assert ran.status == 0
    report = ran.json
    assert (report["generator"], report["device"], report["precision"]) == ("WanPipeline", "cpu", "float32")
    assert report["version"].startswith("sha256:")
    assert report["frames"] == "4k + 1, at most 81"
    assert report["clip_s"] == 1.125
    assert report["one_step_s"] > 0


def test_a_folder_that_does_not_work_is_one_line_and_status_2(tmp_path: Path) -> None:
    for arguments in ((), (str(tmp_path),)):
        ran = run("generator", "check", *arguments)
        assert ran.status == 2
        assert ran.err.startswith("safeconduct: generator.")
        assert "SAFECONDUCT_GENERATOR_FOLDER" in ran.err
        assert ran.out == ""
