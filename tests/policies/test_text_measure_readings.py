"""The figures on hidden words come from one command over labelled files."""

import gzip
import json
from pathlib import Path

from policies.text.measure_readings import benign_touched, misspelt_read


def written(folder: Path, source: str, *rows: tuple[str, str, str, str | None]) -> None:
    """A labelled file of text, expected, language and attack."""
    with gzip.open(folder / f"{source}.jsonl.gz", "wt", encoding="utf-8") as lines:
        for text, expected, lang, attack in rows:
            lines.write(
                json.dumps({"text": text, "expected": expected, "lang": lang, "attack": attack}) + "\n"
            )


def test_only_benign_english_rows_count_as_left_alone(tmp_path: Path) -> None:
    rows = [("a cat", "benign", "en", None), ("a b0mb", "benign", "en", None)]
    written(tmp_path, "made", *rows, ("b0mb", "harmful", "en", None), ("b0mb", "benign", "fr", None))
    share = benign_touched(tmp_path, "made")
    assert (share.hits, share.n) == (1, 2)


def test_each_way_of_misspelling_has_its_share(tmp_path: Path) -> None:
    rows = [("k1ll", "harmful", "en", "spell_leet"), ("a cat", "harmful", "en", "spell_leet")]
    written(tmp_path, "hatecheck", *rows, ("k1ll", "harmful", "en", None))
    found = misspelt_read(tmp_path)
    assert {way: (s.hits, s.n) for way, s in found.items()} == {"spell_leet": (1, 2)}
