"""Measures the shipped list of public figures: `python -m consent.public_figures.evaluate DIR`.

DIR holds `names/private_controls.csv`, `names/variants_synthetic.csv` and `text/*.jsonl.gz`. Prints, for each source, n, the
share and its 95 % Wilson interval, and lists every hit on a benign source: such sources do name real people now and then.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from consent.naming.measuring import read_prompts, share_line
from consent.public_figures.names import FigureMatcher

BENIGN: Final = ("vbench", "partiprompts", "coco_captions10k")
OUT_OF_REACH: Final = frozenset({"last_only", "initial_last"})
"""Variants that name no one person: a surname, or an initial and a surname. Reported, but in no total."""


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when everything could be measured."""
    parser = argparse.ArgumentParser(prog="python -m consent.public_figures.evaluate", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the labelled data")
    parser.add_argument("--today", type=date.fromisoformat, default=date.today(), help="the day to judge by")
    given = parser.parse_args(arguments)
    matcher = FigureMatcher()
    for line in measure(matcher, given.data, given.today):
        sys.stdout.write(f"{line}\n")
    return 0


def measure(matcher: FigureMatcher, data: Path, today: date) -> Iterable[str]:
    """The report, line by line."""
    yield f"revision {matcher.revision}, judged by {today}"
    for source in BENIGN:
        yield from _false_alarms(matcher, source, read_prompts(data / "text" / f"{source}.jsonl.gz"), today)
    controls = _rows(data / "names" / "private_controls.csv")
    named = [(row["name"], f"{row['name']} is waving at the camera") for row in controls]
    yield from _false_alarms(matcher, "private_controls", named, today)
    yield from _recall(matcher, _rows(data / "names" / "variants_synthetic.csv"), today)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _false_alarms(
    matcher: FigureMatcher, source: str, prompts: Iterable[tuple[str, str]], today: date
) -> Iterable[str]:
    hits: list[str] = []
    total = 0
    for name, text in prompts:
        total += 1
        found = [m for m in matcher.find(text, today) if m.standing != "long_dead" and m.use == "shown"]
        hits += (
            [f"    {name}: {', '.join(f'{m.name} ({m.how}, {m.standing})' for m in found)}"] if found else []
        )
    yield share_line(f"hits on {source}", len(hits), total)
    yield from hits


def _recall(matcher: FigureMatcher, rows: list[dict[str, str]], today: date) -> Iterable[str]:
    found: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        names = {mention.name for mention in matcher.find_all(row["text"], today)}
        found[row["variant"]].append(bool(names))
        in_reach = row["variant"] not in OUT_OF_REACH
        found["all within reach" if in_reach else "all out of reach"].append(bool(names))
        if in_reach and " " in row["name"]:
            found["all within reach, full names"].append(bool(names))
    for variant, hits in found.items():
        yield share_line(f"recall on {variant}", sum(hits), len(hits))


if __name__ == "__main__":
    raise SystemExit(main())
