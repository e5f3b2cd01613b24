"""The ways a listed name may be written: in full, as an alias, surname first, with an initial.

How much context each way needs is decided here, once, when the list is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from consent.naming.common import GIVEN, SURNAMES, WORDS
from consent.naming.fold import fold_words
from consent.public_figures.roster import Figure, Need

INITIAL_SURNAME_LETTERS: Final = 5


@dataclass(frozen=True, slots=True)
class Spelled:
    """One way to write a name: its folded words, what it needs, whether many people bear it, and whether a comma is in it."""

    words: tuple[str, ...]
    need: Need
    shared: bool
    joins: bool
    slips: bool
    comma: bool = False


def spellings_of(figure: Figure) -> Iterator[Spelled]:
    """Every way to write the names of a figure; the primary name first."""
    for alias in figure.aliases:
        words = fold_words(alias.text)
        if not words:
            continue
        shared = is_shared(words)
        plain = alias.need is Need.NOTHING
        yield Spelled(words, alias.need, shared, joins=alias.need is not Need.CUE, slips=plain)
        if plain and len(words) in (2, 3):
            yield from _turned(words)


def _turned(words: tuple[str, ...]) -> Iterator[Spelled]:
    *given, surname = words
    if surname in GIVEN or surname in WORDS:
        return
    yield Spelled((surname, *given), Need.NOTHING, False, joins=False, slips=False, comma=True)
    if (
        len(words) == 2
        and len(surname) >= INITIAL_SURNAME_LETTERS
        and surname not in SURNAMES
        and len(given[0]) > 1
    ):
        yield Spelled((given[0][0], surname), Need.CAPITAL, False, joins=False, slips=False)


def is_shared(words: tuple[str, ...]) -> bool:
    """Whether thousands bear the name: a common given name and a common surname."""
    return len(words) > 1 and words[0] in GIVEN and words[-1] in SURNAMES
