"""What a written name sounds like, roughly: so that "Stephen Speilburg" meets "Steven Spielberg".

A key in the manner of Soundex and Metaphone (Philips 1990), for folded Latin letters only: letters that are mostly said alike
are one, doubled ones are single, and vowels count only at the front. Two words with one key need not sound the same; whoever
asks bounds how far apart they may be spelled.
"""

import functools
import re
from typing import Final

_ALIKE: Final = (
    ("tsch", "s"), ("sch", "s"), ("tch", "s"), ("ch", "s"), ("sh", "s"), ("tz", "s"),
    ("ph", "f"), ("gh", "g"), ("ck", "k"), ("kn", "n"), ("wr", "r"), ("th", "t"), ("dt", "t"),
    ("ce", "se"), ("ci", "si"), ("cy", "si"), ("x", "ks"), ("q", "k"), ("c", "k"), ("z", "s"), ("j", "J"),
    ("v", "f"), ("w", "f"), ("b", "p"), ("d", "t"), ("g", "k"),
)  # fmt: skip
_VOWELS: Final = re.compile(r"(?<=.)[aeiouyh]+")
_FRONT: Final = re.compile(r"^(?:[aeiouy]+|h)")
_REPEATED: Final = re.compile(r"(.)\1+")


@functools.lru_cache(maxsize=1 << 14)
def sound_of(word: str) -> str:
    """The key of a folded word; "" for a word that has other letters than a to z."""
    if not (word.isascii() and word.isalpha()):
        return ""
    for written, said in _ALIKE:
        word = word.replace(written, said)
    return _REPEATED.sub(r"\1", _VOWELS.sub("", _FRONT.sub("a", _REPEATED.sub(r"\1", word))))


def letters_apart(one: str, other: str, most: int) -> int:
    """How many letters must be added, dropped, replaced or swapped with a neighbour (optimal string alignment, Damerau 1964);
    `most + 1` where it is more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, mine in enumerate(one, start=1):
        two_before, before = before, row
        row = [at]
        for place, theirs in enumerate(other, start=1):
            cost = min(before[place] + 1, row[-1] + 1, before[place - 1] + (mine != theirs))
            if at > 1 and place > 1 and mine == other[place - 2] and one[at - 2] == theirs:
                cost = min(cost, two_before[place - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
