"""Recover the text a reader sees, and remember where each character came from.

Evasion hides a word from a matcher while people still read it: invisible characters, look-alike letters, stacked
accents, odd spaces. This module undoes those, and nothing else, so that benign English passes unchanged; every output
character maps back to the original, so that a finding can point at what the user really typed.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from policies.text.characters import (
    PLAIN_PUNCTUATION,
    is_ascii_letter,
    is_blank,
    is_disguise,
    is_invisible,
    latin_lookalike,
    script_of,
    tag_letter,
)
from policies.text.remembered import remembered

MAX_MARKS = 30
"""Combining marks kept on one letter: the limit of the Stream-Safe Text Format (UAX #15, section 13)."""
_PLAIN = re.compile(r"[!-~]+(?:[ \n][!-~]+)*")
"""Printable ASCII with single spaces or line breaks: folding changes nothing of it (a test holds this against the long way)."""
_BLACK_FLAG = "\U0001f3f4"  # the flags of England, Scotland and Wales spell their region in tag characters


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """`text` as a reader sees it, and for each of its characters the half-open range of `original` it came from."""

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The range of the original that characters `start` to `end` (half-open) of `text` came from.

        An empty range gives an empty range. Raises IndexError when the range does not lie in `text`.
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(f"span {start}:{end} does not lie in a text of {len(self.text)} characters")
        if start == end:
            at = self.starts[start] if start < len(self.starts) else len(self.original)
            return at, at
        return min(self.starts[start:end]), max(self.ends[start:end])

    def part(self, start: int, end: int) -> "NormalisedText":
        """Characters `start` to `end` (half-open) as a text of their own, which still points into the same original."""
        return NormalisedText(
            self.original, self.text[start:end], self.starts[start:end], self.ends[start:end]
        )


_Piece = tuple[str, int, int]  # one output character and the range of the original it came from


@remembered  # several checks read the same prompt
def normalise(original: str) -> NormalisedText:
    """Fold `original` to what a reader sees: NFKC, no invisible characters, Latin look-alikes unmasked, single spaces.

    Look-alike letters are folded only in a word that mixes them with Latin letters, or that consists of nothing else
    in a text that is otherwise Latin: real Cyrillic or Greek is left alone. Line breaks survive as "\\n".
    """
    return _untouched(original) if _PLAIN.fullmatch(original) else _folded(original)


def _untouched(original: str) -> NormalisedText:
    length = len(original)
    return NormalisedText(original, original, tuple(range(length)), tuple(range(1, length + 1)))


def _folded(original: str) -> NormalisedText:
    pieces = _single_spaces(_unmask(_compose(_visible(original))))
    return NormalisedText(
        original=original,
        text="".join(char for char, _, _ in pieces),
        starts=tuple(start for _, start, _ in pieces),
        ends=tuple(end for _, _, end in pieces),
    )


def _visible(original: str) -> Iterator[_Piece]:
    """The characters that leave a mark, tag characters read as the ASCII they smuggle, surplus accents dropped."""
    marks, in_flag = 0, False
    for index, char in enumerate(original):
        smuggled = tag_letter(char)
        if smuggled:
            if not in_flag:
                yield smuggled, index, index + 1
            continue
        in_flag = char == _BLACK_FLAG or (in_flag and is_invisible(char))
        if is_invisible(char):
            continue
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MAX_MARKS:
            yield char, index, index + 1


def _compose(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """NFKC, cluster by cluster, so that each result knows the range of its cluster."""
    cluster, start, end = "", 0, 0
    for char, first, last in pieces:
        if cluster and _joins(cluster, char):
            cluster, end = cluster + char, last
            continue
        yield from _composed(cluster, start, end)
        cluster, start, end = char, first, last
    yield from _composed(cluster, start, end)


def _joins(cluster: str, char: str) -> bool:
    if char.isascii():
        return False
    if unicodedata.combining(char):
        return True
    tail = cluster[-2:]  # a Hangul syllable composes from three
    together = unicodedata.normalize("NFKC", tail + char)
    return together != unicodedata.normalize("NFKC", tail) + unicodedata.normalize("NFKC", char)


def _composed(cluster: str, start: int, end: int) -> Iterator[_Piece]:
    folded = unicodedata.normalize("NFKC", cluster)
    on_latin = False
    for char in folded:
        if unicodedata.combining(char):
            if on_latin:
                continue  # an accent that forms no letter of any alphabet is decoration
        else:
            on_latin = script_of(char) == "LATIN"
        if not is_invisible(char):
            yield PLAIN_PUNCTUATION.get(char, char), start, end


def _unmask(pieces: Iterator[_Piece]) -> list[_Piece]:
    """Latin letters in place of their look-alikes, word by word."""
    all_pieces = list(pieces)
    mostly_latin = _mostly_latin(all_pieces)
    result: list[_Piece] = []
    for word in _words(all_pieces):
        result.extend(_unmasked_word(word, mostly_latin))
    return result


def _mostly_latin(pieces: list[_Piece]) -> bool:
    letters = [char for char, _, _ in pieces if char.isalpha()]
    latin = sum(is_ascii_letter(char) for char in letters)
    return latin * 2 > len(letters)


def _words(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Runs of letters, and everything else one by one."""
    word: list[_Piece] = []
    for piece in pieces:
        if piece[0].isalpha():
            word.append(piece)
            continue
        if word:
            yield word
            word = []
        yield [piece]
    if word:
        yield word


def _unmasked_word(word: list[_Piece], mostly_latin: bool) -> list[_Piece]:
    disguised = [is_disguise(char) for char, _, _ in word]
    if not any(disguised):
        return word
    mixes = any(is_ascii_letter(char) for char, _, _ in word)
    if mixes or (mostly_latin and all(disguised)):
        return [(latin_lookalike(c) if d else c, s, e) for (c, s, e), d in zip(word, disguised, strict=True)]
    return word


def _single_spaces(pieces: list[_Piece]) -> list[_Piece]:
    """Each run of white space as one space, or one line break where it holds one; none at either end."""
    result: list[_Piece] = []
    for char, start, end in pieces:
        if not is_blank(char):
            result.append((char, start, end))
        elif result:
            before, first, last = result[-1]
            space = "\n" if char in "\n\r\x0b\x0c\x85\u2028\u2029" else " "
            if before in " \n":
                result[-1] = (before if before == "\n" else space, first, max(last, end))
            else:
                result.append((space, start, end))
    if result and result[-1][0] in " \n":
        result.pop()
    return result
