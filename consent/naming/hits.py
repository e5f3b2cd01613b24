"""What a lexicon holds and what it finds: a name to look for, and a place in a text where it is spelled."""

from dataclasses import dataclass
from typing import Literal

Spelling = Literal["exact", "joined", "leet", "misspelled"]


@dataclass(frozen=True, slots=True)
class LexiconName:
    """A folded name: its words, the caller's number for it, and what is forgiven: words run together, slips of the pen."""

    words: tuple[str, ...]
    index: int
    joins: bool = True
    slips: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """Words `first` to `last` (inclusive) of the text spell the name `index`."""

    index: int
    first: int
    last: int
    spelling: Spelling
