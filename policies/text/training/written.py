"""Reads the training text that the project wrote itself: the files of `written/`, one per category or language.

A line is one text with its label: `!` what the policy blocks, `?` what it reviews, `+` one of the two, `-` what it allows. It
belongs to its section's category; `!{hate,shock} text` adds categories, `!{=hate} text` replaces the section's. Blank lines
part blocks, and a block is a cluster: twins stay on one side of the split. A comment `# lang: xx` names the language of what
follows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from policies.taxonomy import Category
from policies.text.training.sources import MODELLED, Example

SOURCE = "written"
FOLDER = "written"
_LINE = re.compile(r"(?P<mark>[!?+-])(?:\{(?P<only>=?)(?P<more>[a-z_, ]+)\})? (?P<text>\S.*)")
_SECTION = re.compile(r"\[(?P<name>\w+)\]")
_LANGUAGE = re.compile(r"#.*\blang: (?P<code>[a-z]{2})\b")


@dataclass(slots=True)
class _Place:
    """Where the reader is."""

    section: Category | None = None
    block: int = 0
    language: str = "en"


def read_written() -> Iterator[Example]:
    """Every written line, file by file in the order of their names.

    Raises ValueError naming file and line when a line is neither a section, a labelled text, a comment nor blank.
    """
    folder = Path(str(files("policies.text.training") / FOLDER))
    for path in sorted(folder.glob("*.txt")):
        yield from parse_written(path.read_text(encoding="utf-8"), path.stem)


def parse_written(text: str, name: str) -> Iterator[Example]:
    """The examples in `text`, a file called `name`."""
    place = _Place()
    for number, line in enumerate(text.splitlines(), start=1):
        section, labelled = _SECTION.fullmatch(line), _LINE.fullmatch(line)
        if section or not line.strip():
            place.block += 1
            place.section = _category(section["name"], name, number) if section else place.section
        elif labelled and place.section is not None:
            yield from _example(labelled, place, name, number)
        elif line.startswith("#"):
            found = _LANGUAGE.match(line)
            place.language = found["code"] if found else place.language
        else:
            raise ValueError(f"{name}.txt line {number}: expected '[category]' or '! text', got {line!r}")


def _example(line: re.Match[str], place: _Place, name: str, number: int) -> Iterator[Example]:
    assert place.section is not None
    more = {_category(part.strip(), name, number) for part in (line["more"] or "").split(",") if part.strip()}
    labels = frozenset(more if line["only"] else {*more, place.section}) & frozenset(MODELLED)
    harmful = line["mark"] != "-"
    if harmful and not labels:
        return  # only of categories that lists find
    positive = labels if harmful else frozenset()
    yield Example(
        id=f"{SOURCE}:{name}:{number}",
        source=SOURCE,
        text=line["text"],
        cluster=f"{SOURCE}:{name}:{place.block}",
        positive=positive,
        blocked=positive if line["mark"] == "!" else frozenset(),
        graded=line["mark"] != "+",
        language=place.language,
    )


def _category(word: str, name: str, number: int) -> Category:
    try:
        return Category(word)
    except ValueError as error:
        known = ", ".join(category.value for category in Category)
        raise ValueError(f"{name}.txt line {number}: no category {word!r}; known: {known}") from error
