"""Measures the shipped list of works: `python -m consent.works.evaluate DIR`.

DIR holds `text/copycat.jsonl.gz`, `text/adjudicated.csv` and the benign sources. Prints, for each source, n, the share and its
95 % Wilson interval, every hit on a benign source, and every firmly adjudicated row about works with what was found in it.
"""

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from consent.naming.measuring import read_prompts, share_line
from consent.works.described.matcher import DescribedWorkMatcher
from consent.works.names import WorkMatcher

BENIGN: Final = ("vbench", "partiprompts", "coco_captions10k")
NAMED: Final = "ip_character:name"
DESCRIBED: Final = ("indirect_60w", "indirect_60w_dalle", "dalle_rewrite_of_name")
"""The study's descriptions without a name; its lists of keywords are left out: most hold one word or the name itself."""
LONGEST_NAME: Final = 40
"""The study labels some rewritten prompts as names; a name is no longer than this."""


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when everything could be measured."""
    parser = argparse.ArgumentParser(prog="python -m consent.works.evaluate", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the labelled data")
    given = parser.parse_args(arguments)
    for line in measure(WorkMatcher(), given.data):
        sys.stdout.write(f"{line}\n")
    return 0


def measure(matcher: WorkMatcher, data: Path) -> Iterable[str]:
    """The report, line by line."""
    yield f"revision {matcher.revision}"
    for source in BENIGN:
        yield from _false_alarms(matcher, source, read_prompts(data / "text" / f"{source}.jsonl.gz"))
    yield from _characters_by_name(matcher, data / "text" / "copycat.jsonl.gz")
    yield from _by_description(DescribedWorkMatcher(), data / "text")
    yield from _adjudicated(matcher, data / "text" / "adjudicated.csv")


def _found(matcher: WorkMatcher, text: str) -> str:
    return ", ".join(f"{m.name} ({m.kind}, {m.how}, {m.use})" for m in matcher.find(text))


def _false_alarms(matcher: WorkMatcher, source: str, prompts: Iterable[tuple[str, str]]) -> Iterable[str]:
    total, hits = 0, []
    for name, text in prompts:
        total += 1
        found = _found(matcher, text)
        hits += [f"    {name}: {found}"] if found else []
    yield share_line(f"hits on {source}", len(hits), total)
    yield from hits


def _characters_by_name(matcher: WorkMatcher, path: Path) -> Iterable[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    named = [row["text"] for row in rows if row["category"] == NAMED and len(row["text"]) <= LONGEST_NAME]
    missed = [text for text in named if not matcher.find(text)]
    yield share_line("recall on characters by name", len(named) - len(missed), len(named))
    yield from (f"    missed: {text}" for text in missed)


def _by_description(matcher: DescribedWorkMatcher, folder: Path) -> Iterable[str]:
    with gzip.open(folder / "copycat.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for kind in DESCRIBED:
        texts = [row["text"] for row in rows if row["category"] == f"ip_character:{kind}"]
        missed = [text for text in texts if not matcher.find(text)]
        yield share_line(f"recall on characters by description, {kind}", len(texts) - len(missed), len(texts))
        yield from (f"    missed: {text[:90]!r}" for text in missed)
    for source in BENIGN:
        texts = [text for _, text in read_prompts(folder / f"{source}.jsonl.gz")]
        hits = [(text, found) for text in texts if (found := matcher.find(text))]
        yield share_line(f"hits by description on {source}", len(hits), len(texts))
        yield from (f"    {found[0].name} {found[0].traits}: {text[:90]!r}" for text, found in hits)


def _adjudicated(matcher: WorkMatcher, path: Path) -> Iterable[str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    allowed = [row for row in rows if row["gold"] == "allow"]
    alarms = [row for row in allowed if matcher.find(row["text"])]
    yield share_line("hits on adjudicated allow", len(alarms), len(allowed))
    yield from (f"    {row['id']}: {_found(matcher, row['text'])}: {row['text'][:90]!r}" for row in alarms)
    works = [row for row in rows if "works" in row["category"] and row["gold"] in ("review", "block")]
    hits = [row for row in works if matcher.find(row["text"])]
    yield share_line("hits on adjudicated works, descriptions without a name included", len(hits), len(works))
    for row in works:
        yield f"    {row['gold']} {_found(matcher, row['text']) or '-'}: {row['text'][:90]!r}"


if __name__ == "__main__":
    raise SystemExit(main())
