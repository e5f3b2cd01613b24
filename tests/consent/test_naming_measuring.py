"""A share and its interval."""

import gzip
import json
from pathlib import Path

import pytest

from consent.naming.measuring import read_prompts, share_line, wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 515, 0.0, 0.0074), (50, 100, 0.4038, 0.5962), (100, 100, 0.963, 1.0), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


def test_a_share_is_stated_with_its_count_and_interval() -> None:
    assert share_line("hits", 1, 100) == "hits: 1/100 = 1.00 % [0.18, 5.45]"


def test_prompts_are_read_from_gzipped_lines(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps({"id": "a:1", "text": "a pond", "more": 1}) + "\n")
    assert list(read_prompts(path)) == [("a:1", "a pond")]
