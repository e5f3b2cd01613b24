"""The ways a listed name may be written: in full, as an alias, surname first, with an initial.

How much context each way needs is decided here, once, when the list is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from consent.naming.cases import forms_of
from consent.naming.common import GIVEN, SURNAMES, WORDS
from consent.naming.fold import fold_words
from consent.naming.marks import Need
from consent.public_figures.roster import Figure

INITIAL_SURNAME_LETTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Spelled:
    """One way to write a name: its folded words, what it needs, whether many people bear it, whether a comma is in it, and
    whether that comma could be one of a list of given names."""

    words: tuple[str, ...]
    need: Need
    shared: bool
    joins: bool
    slips: bool
    comma: bool = False
    lists: bool = False


def spellings_of(figure: Figure) -> Iterator[Spelled]:
    """Every way to write the names of a figure; the primary name first."""
    for alias in figure.aliases:
        words = fold_words(alias.text)
        if not words:
            continue
        plain = alias.need is Need.NOTHING
        yield Spelled(words, alias.need, is_shared(words), joins=_may_join(alias.need, words), slips=plain)
        for form in forms_of(alias.text):
            yield Spelled(fold_words(form), alias.need, False, joins=False, slips=False)
        if plain:
            yield from _turned(alias.text)


def _may_join(need: Need, words: tuple[str, ...]) -> bool:
    """Whether the name may be run together, spelled out or written in leet: whoever does that means the person.

    Not where the name needs a cue and its words would run into another word: "the edge", "ice cube".
    """
    return need is not Need.CUE or (len(words) > 1 and not any(word in WORDS for word in words))


def _turned(name: str) -> Iterator[Spelled]:
    """ "Presley, Elvis" and "E. Presley". Where the surname is also a given name, a list of people must be told from it:
    "Harrison, Ford and George"."""
    *given, surname = map(fold_words, name.split())
    if not 1 <= len(given) <= 3 or not all((*given, surname)):
        return
    first_name = len(surname) == 1 and surname[0] in GIVEN
    common = first_name or surname[-1] in SURNAMES or surname[-1] in WORDS
    need = Need.CAPITAL if common else Need.NOTHING
    yield Spelled((*surname, *chain(*given)), need, False, False, False, comma=True, lists=first_name)
    if len(given) <= 2 and len("".join(surname)) >= INITIAL_SURNAME_LETTERS and len(given[0][0]) > 1:
        need = Need.CUE if common else Need.CAPITAL
        yield Spelled((given[0][0][0], *surname), need, False, joins=False, slips=False)


def is_shared(words: tuple[str, ...]) -> bool:
    """Whether thousands bear the name: a common given name and a common surname."""
    return len(words) > 1 and words[0] in GIVEN and words[-1] in SURNAMES
