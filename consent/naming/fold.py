"""Text as the words a reader sees: without case, accents, zero-width characters or lookalike letters.

`fold` is a function of each character alone, so what a name folds to never depends on the text around it. Each word keeps
the place it came from: `start` and `end` are offsets into the original string.
"""

import re
import unicodedata
from typing import Final, NamedTuple

from consent.naming.confusables import LOOKALIKES

_WORD: Final = re.compile(r"[\u30a0-\u30ff\u3099\u309a]+|[\u3041-\u309f]+|[^\s\u3041-\u30ff]+")
"""Words end at white space, and in Japanese where katakana, in which names are written, meets the hiragana of a particle."""
_ASCII: Final = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum()})
_SENTENCE_END: Final = frozenset(".!?\n。")
_HYPHENS: Final = frozenset("-\u2010\u2011'\u2019")
_HANGUL_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u034f")


class Word(NamedTuple):
    """One folded word; `start` and `end` (half-open) count code points of the original text."""

    text: str
    start: int
    end: int


class _CharacterTable(dict[str, str]):
    """What one character folds to, computed once: "" vanishes without a break, " " ends a word."""

    def __missing__(self, character: str) -> str:
        folded = self[character] = _fold_character(character)
        return folded


def _fold_character(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    folded = "".join(map(_fold_simple, decomposed))
    inner = folded.strip()
    return (
        folded.replace(inner, inner.replace(" ", "")) if " " in inner else folded
    )  # one character, one word at most


def _fold_simple(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or character in _HANGUL_FILLERS or "\ufe00" <= character <= "\ufe0f":
        return ""
    if category == "Mn" and ("\u0300" <= character <= "\u036f" or "\u20d0" <= character <= "\u20ff"):
        return ""
    if "\u4e00" <= character <= "\u9fff":
        return f" {character} "  # Han is written without spaces: each character is a word of its own
    if category[0] in "LNM":
        return LOOKALIKES.get(character, character)
    return " "


_TABLE: Final = _CharacterTable()


class FoldedText:
    """The words of a text, in order, with their places in `original`.

    `line` is the folded text itself, with one space for each separator; `offset(i)` maps a place in it to the original.
    `has_case`: whether capital letters say anything here, that is the text has letters of both cases.
    """

    __slots__ = ("_offsets", "has_case", "line", "original", "words")

    def __init__(self, original: str) -> None:
        self.original = original
        self.has_case = original not in (original.lower(), original.upper())
        self._offsets: list[int] | None = None
        if original.isascii():
            self.line = original.lower().translate(_ASCII)
        else:
            pieces = [_TABLE[character] for character in original]
            self.line = "".join(pieces)
            self._offsets = [index for index, piece in enumerate(pieces) for _ in piece]
        self.words: list[Word] = [
            Word(found.group(), self.offset(found.start()), self.offset(found.end() - 1) + 1)
            for found in _WORD.finditer(self.line)
        ]

    def is_capital(self, first: int, last: int) -> bool:
        """Whether every word from `first` to `last` begins with a capital letter, or continues one after a hyphen; scripts
        without case never do."""
        words = self.words[first : last + 1]
        return all(
            self.original[word.start].isupper() or (at and self.original[word.start - 1] in _HYPHENS)
            for at, word in enumerate(words)
        )

    def begins_sentence(self, place: int) -> bool:
        """Whether the word stands first in the text or after a full stop, where any word has a capital letter."""
        between = self.original[self.words[place - 1].end if place else 0 : self.words[place].start]
        return place == 0 or not _SENTENCE_END.isdisjoint(between)

    def touches(self, one: int, other: int) -> bool:
        """Whether nothing but white space, or nothing at all, stands between two neighbouring words."""
        first, second = sorted((one, other))
        return not self.original[self.words[first].end : self.words[second].start].strip()

    def folded_between(self, start: int, end: int) -> str:
        """The folded text of `original[start:end]`, words and their separators as single spaces."""
        return "".join(map(_TABLE.__getitem__, self.original[start:end]))

    def offset(self, place: int) -> int:
        """The index in the original of the character that `line[place]` came from."""
        return place if self._offsets is None else self._offsets[place]


def fold_words(name: str) -> tuple[str, ...]:
    """The folded words of a name, as `FoldedText` would find them in a text."""
    return tuple(word.text for word in FoldedText(name).words)
