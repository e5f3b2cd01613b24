"""The list of characters by their looks: reading it, with an error that names the line.

`list/described.txt`, a line each: name | franchise | how many traits must be met | traits separated by ";". The alternatives of
a trait are separated by "/"; a trait with "!" must be among those that are met. Written by the project from general knowledge.
"""

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from consent.naming.fold import fold_words
from consent.works.described.stems import PASSED_OVER, stem_of
from consent.works.errors import DescriptionInvalid

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing to be seen, as `written` in the list. Any of `alternatives` meets it, when its stems stand close together."""

    written: tuple[str, ...]
    alternatives: tuple[Stems, ...]
    needed: bool


@dataclass(frozen=True, slots=True)
class Looks:
    """A character's looks: at least `at_least` of `traits`, every needed one among them, make a description of it."""

    name: str
    franchise: str
    at_least: int
    traits: tuple[Trait, ...]


@dataclass(frozen=True, slots=True)
class Descriptions:
    """Everybody's looks, and a digest of them all."""

    looks: tuple[Looks, ...]
    digest: str


@functools.cache
def shipped_descriptions() -> Descriptions:
    """The list that ships with the project."""
    source = resources.files("consent.works") / "list" / "described.txt"
    return parse_descriptions(source.read_text(encoding="utf-8"))


def parse_descriptions(text: str) -> Descriptions:
    """The list in `text`. Raises `DescriptionInvalid` naming the line, what stands there and what to write."""
    return Descriptions(tuple(_read(text)), hashlib.sha256(text.encode()).hexdigest()[:12])


def _read(text: str) -> Iterator[Looks]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield _looks(number, line)


def _looks(number: int, line: str) -> Looks:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 4 or not parts[2].isdigit():
        raise DescriptionInvalid(number, line, "write: name | franchise | number | trait; trait; ...")
    traits = tuple(_trait(number, part.strip()) for part in parts[3].split(";"))
    looks = Looks(parts[0], parts[1], int(parts[2]), traits)
    if not any(trait.needed for trait in traits):
        raise DescriptionInvalid(number, line, 'mark at least one trait with "!"')
    if not 2 <= looks.at_least <= len(traits):
        raise DescriptionInvalid(number, line, f"ask for 2 to {len(traits)} traits")
    return looks


def _trait(number: int, written: str) -> Trait:
    phrases = tuple(written.removeprefix("!").split("/"))
    alternatives = tuple(map(stems_of, phrases))
    if not all(alternatives):
        raise DescriptionInvalid(number, written, "leave no alternative empty")
    return Trait(phrases, alternatives, needed=written.startswith("!"))


def stems_of(phrase: str) -> Stems:
    """The stems of a phrase, without the words that are passed over."""
    return tuple(stem_of(word) for word in fold_words(phrase) if word not in PASSED_OVER)
