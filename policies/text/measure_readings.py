"""`python -m policies.text.measure_readings --data DIR`: what the decoders leave alone, and how much hidden text they read.

Benign English prompts have one reading; a second one is counted as touched. HateCheck rows with misspelt words, which gave
no word to the lists, show how often something comes to light.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from policies.evaluation.intervals import Share
from policies.text.readings import readings

BENIGN = ("vbench", "partiprompts", "coco_captions10k")
MISSPELT = "hatecheck"


def benign_touched(data: Path, source: str) -> Share:
    """How many benign English rows of `source` (`SOURCE.jsonl.gz` in `data`) have a second reading."""
    rows = [row for row in _rows(data, source) if (row["expected"], row["lang"]) == ("benign", "en")]
    return Share(sum(len(readings(row["text"])) > 1 for row in rows), len(rows))


def misspelt_read(data: Path) -> dict[str, Share]:
    """For each way of misspelling, how many rows have a second reading."""
    found: dict[str, list[bool]] = {}
    for row in _rows(data, MISSPELT):
        if str(row["attack"]).startswith("spell"):
            found.setdefault(row["attack"], []).append(len(readings(row["text"])) > 1)
    return {way: Share(sum(seen), len(seen)) for way, seen in sorted(found.items())}


def _rows(data: Path, source: str) -> Iterator[Mapping[str, str]]:
    with gzip.open(data / f"{source}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def main() -> None:
    """Writes a line per source and per way of misspelling."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled JSONL files")
    data = parser.parse_args().data
    for source in BENIGN:
        sys.stdout.write(f"{source}: touched {benign_touched(data, source)}\n")
    for way, share in misspelt_read(data).items():
        sys.stdout.write(f"{way}: read {share}\n")


if __name__ == "__main__":
    main()
