"""The measurement of the works list, on data written for the test."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from consent.works.evaluate import BENIGN, NAMED, main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "text").mkdir()
    prompts = {source: [("1", "a pond", "x")] for source in BENIGN}
    prompts["vbench"].append(("2", "Pikachu by a pond", "x"))
    prompts["copycat"] = [
        ("1", "Pikachu", NAMED),
        ("2", "Quorbletop", NAMED),
        ("3", "A yellow mouse. " * 5, NAMED),
        ("4", "a yellow electric mouse with red cheeks", "ip_character:indirect_60w"),
        ("5", "somebody with a hat", "ip_character:indirect_60w"),
    ]
    for source, rows in prompts.items():
        with gzip.open(tmp_path / "text" / f"{source}.jsonl.gz", "wt", encoding="utf-8") as lines:
            for number, text, category in rows:
                lines.write(
                    json.dumps({"id": f"{source}:{number}", "text": text, "category": category}) + "\n"
                )
    with (tmp_path / "text" / "adjudicated.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text", "gold", "category"))
        writer.writerows(
            [
                ("a", "a pond", "allow", ""),
                ("b", "Shrek naps", "block", "works"),
                ("c", "A green ogre", "block", "works"),
            ]
        )
    return tmp_path


def test_the_report_states_counts_and_each_hit_and_miss(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(data)]) == 0
    report = capsys.readouterr().out
    assert "hits on vbench: 1/2 = 50.00 %" in report
    assert "    vbench:2: Pikachu (character, exact, shown)" in report
    assert "recall on characters by name: 1/2 = 50.00 %" in report
    assert "    missed: Quorbletop" in report
    assert "recall on characters by description, indirect_60w: 1/2 = 50.00 %" in report
    assert "    missed: 'somebody with a hat'" in report
    assert "hits by description on partiprompts: 0/1 = 0.00 %" in report
    assert "hits on adjudicated allow: 0/1 = 0.00 %" in report
    assert "hits on adjudicated works, descriptions without a name included: 1/2 = 50.00 %" in report
    assert "    block -: 'A green ogre'" in report
