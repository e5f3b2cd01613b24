"""The forms that grammar gives a name: Russian cases, and the Arabic words of one letter that are written onto the next one.

Only the regular endings of names are here. Hindi, Japanese and Chinese put such words beside a name; there is nothing to do.
"""

import re
from collections.abc import Iterator
from typing import Final

_WORD: Final = re.compile("[а-яё]+", re.IGNORECASE)
_CYRILLIC: Final = re.compile("[а-яё]+(?:[ -][а-яё]+)*", re.IGNORECASE)
_ARABIC: Final = re.compile("[\u0621-\u064a ]{5,}")
_ONTO: Final = ("و", "ل", "ب", "ف", "ك")
"""And, for, with, so, like."""

_CASES: Final = (
    ("ский", ("ского", "скому", "ским", "ском")),
    ("ый", ("ого", "ому", "ым", "ом")),
    ("ия", ("ии", "ию", "ией")),
    ("ей", ("ея", "ею", "еем", "ее")),
    ("ай", ("ая", "аю", "аем", "ае")),
    ("ий", ("ия", "ию", "ием", "ии")),
    ("ова", ("овой", "ову", "овой", "овой")),
    ("ина", ("иной", "ину", "иной", "иной")),
    ("ов", ("ова", "ову", "овым", "ове")),
    ("ев", ("ева", "еву", "евым", "еве")),
    ("ин", ("ина", "ину", "иным", "ине")),
    ("ка", ("ки", "ке", "ку", "кой")),
    ("га", ("ги", "ге", "гу", "гой")),
    ("ша", ("ши", "ше", "шу", "шей")),
    ("а", ("ы", "е", "у", "ой")),
    ("я", ("и", "е", "ю", "ей")),
    ("ь", ("я", "ю", "ем", "е")),
)
_CONSONANT: Final = ("а", "у", "ом", "е")
_VOWELS: Final = "аеёиоуыэюя"
_CASE_NUMBERS: Final = range(4)
_SHORT: Final = 3


def forms_of(name: str) -> Iterator[str]:
    """The other forms of a name, as written; none for a name in another script than Cyrillic or Arabic."""
    if _ARABIC.fullmatch(name):
        yield from (f"{onto}{name}" for onto in _ONTO)
    if _CYRILLIC.fullmatch(name):
        yield from {_in_case(name, case): None for case in _CASE_NUMBERS if _in_case(name, case) != name}


def _in_case(name: str, case: int) -> str:
    return _WORD.sub(lambda word: _declined(word.group(), case), name)


def _declined(word: str, case: int) -> str:
    """A Russian name in the genitive, dative, instrumental or prepositional; one of three letters, or a foreign one that ends
    in a vowel, stays."""
    if len(word) <= _SHORT:
        return word
    for ending, cases in _CASES:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + cases[min(case, len(cases) - 1)]
    return word if word[-1].lower() in _VOWELS else word + _CONSONANT[case]
