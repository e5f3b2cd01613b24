"""Wordings and their safe twins: a small table, curated by hand, that ships as `twins.txt`."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from policies.edits.swaps import Swap, disjoint
from policies.taxonomy import Category

AGE = "age"
"""The section about who is shown: no category, used where an age alone makes a rule stricter."""
SECTIONS = frozenset({AGE, *(category.value for category in Category if category is not Category.MINORS)})


class TwinsUnreadable(ValueError):
    """A line of the table is no wording, or its section is none that may be edited."""


@cache
def twins() -> Mapping[str, Mapping[str, str]]:
    """The shipped table: section to wording (lower case) to twin."""
    return parse_twins((files("policies.edits") / "twins.txt").read_text(encoding="utf-8"))


def parse_twins(text: str) -> Mapping[str, Mapping[str, str]]:
    """The table in `text`. Raises `TwinsUnreadable` with the line: for another section, a twin without wording or the like."""
    table: dict[str, dict[str, str]] = {}
    section = ""
    for number, written in enumerate(text.splitlines(), 1):
        line = written.split("#", 1)[0].strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            _require(section in SECTIONS, number, f"no section may be called {section}")
        elif line:
            wordings, _, twin = (part.strip() for part in line.partition("="))
            _require(
                bool(section and wordings and twin), number, "write `wording | wording = twin` in a section"
            )
            for wording in wordings.split("|"):
                table.setdefault(section, {}).setdefault(wording.strip().casefold(), twin)
    return table


def twin_swaps(text: str, sections: Iterable[str]) -> tuple[Swap, ...]:
    """Every wording of these sections that stands in the text, with its twin; of wordings that overlap the longest."""
    known = {wording: twin for name in sections for wording, twin in twins().get(name, {}).items()}
    if not known:
        return ()
    pattern = _pattern(tuple(sorted(known, key=lambda wording: (-len(wording), wording))))
    return disjoint(
        Swap(found.start(), found.end(), known[found[0].casefold()]) for found in pattern.finditer(text)
    )


@cache
def _pattern(wordings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wordings))})(?!\w)", re.IGNORECASE)


def _require(fine: bool, number: int, why: str) -> None:
    if not fine:
        raise TwinsUnreadable(f"twins.txt:{number}: {why}")
