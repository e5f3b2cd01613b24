"""The measurement of the figures list, on data written for the test."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from consent.public_figures.evaluate import BENIGN, main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "names").mkdir()
    (tmp_path / "text").mkdir()
    rows = [
        ("Barack Obama", "lower", "barack obama"),
        ("Barack Obama", "swap", "Barack Oabma"),
        ("Barack Obama", "delete", "Quux"),
    ]
    with (tmp_path / "names" / "variants_synthetic.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("name", "variant", "text"), *rows, ("Barack Obama", "last_only", "Quux")]
        )
    (tmp_path / "names" / "private_controls.csv").write_text(
        "name\nPaige Cox\nBarack Obama\n", encoding="utf-8"
    )
    for source in BENIGN:
        with gzip.open(tmp_path / "text" / f"{source}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.write(json.dumps({"id": f"{source}:1", "text": "a pond"}) + "\n")
    return tmp_path


def test_the_report_states_counts_intervals_and_each_false_alarm(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(data), "--today", "2026-11-23"]) == 0
    report = capsys.readouterr().out
    assert "hits on vbench: 0/1 = 0.00 %" in report
    assert "hits on private_controls: 1/2 = 50.00 %" in report
    assert "    Barack Obama: Barack Obama (exact, living)" in report
    assert "recall on all within reach: 2/3 = 66.67 %" in report
    assert "recall on all out of reach: 0/1 = 0.00 %" in report
