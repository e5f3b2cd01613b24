"""Given names and surnames that many people bear, and everyday words: what must not be taken for one person alone.

A name made of a common given name and a common surname belongs to thousands of private people, so a figure who bears it is
only meant where the list says that everybody knows it, or the text gives a cue.
"""

from importlib import resources
from typing import Final


def word_set(text: str) -> frozenset[str]:
    """The words of a text, split at white space."""
    return frozenset(text.split())


def _read(name: str) -> frozenset[str]:
    lines = (resources.files("consent.naming") / "words" / name).read_text(encoding="utf-8").splitlines()
    return word_set(" ".join(line for line in lines if not line.startswith("#")))


GIVEN: Final = _read("given.txt")
SURNAMES: Final = _read("surnames.txt")
WORDS: Final = _read("everyday.txt")
WRITTEN: Final = _read("written.txt")
"""Some twenty thousand words that people write: never taken for slips of others."""

STANDS_OUT_LETTERS: Final = 4


def stands_out(words: tuple[str, ...]) -> bool:
    """Whether a name of one word is no everyday word and nobody's common name: it means the same in lower case."""
    word = words[0]
    common = word in WORDS or word in GIVEN or word in SURNAMES
    return len(words) == 1 and len(word) >= STANDS_OUT_LETTERS and not common
