"""Thousands of names against one text, in one pass: exact, joined, spelled out, in leet, or one slip away.

The index is over the letters of a name without its spaces, and a hit must begin and end where words of the text begin and
end: `elvispresley`, `elvis-presley` and `e l v i s p r e s l e y` are one key, and no name is ever found inside a longer
word. Work is linear in the text: from each word on, only as far as some name still continues.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from consent.naming.confusables import LEET, SIGNS
from consent.naming.fold import FoldedText, Word
from consent.naming.spelling import SHORT_WORD, deletions, plausible_slip

Spelling = Literal["exact", "joined", "leet", "misspelled"]

JOINED_LETTERS: Final = 7
"""Shortest name that is recognised with its words run together: `icecube` is, `jetli` could be another word."""
SPLIT_LETTERS: Final = 8
"""Shortest name that is recognised with a space in the wrong place."""
SPELLED_LETTERS: Final = 5
"""Shortest name that is recognised letter by letter."""
SLIP_LETTERS: Final = 9
"""Shortest name of several words, all together, that is recognised with a slip."""
SLIP_ONE_WORD: Final = 10
"""The same for a name written as one word."""
LEET_LETTERS: Final = 6

_HEAD: Final = 4
_NECK: Final = 7
_ODD: Final = re.compile(r"[^\W\d_][0-9]|[0-9][^\W\d_]")
_INNER_SIGN: Final = re.compile(r"(?<=\w)[@$!|+](?=\w)")
_REPEATED: Final = re.compile(r"(.)\1+")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1\1")


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


def skeleton(word: str) -> str:
    """What leet and stretched letters leave of a word: digits read as letters, i as l, repeats once."""
    return _REPEATED.sub(r"\1", word).translate(LEET)


class _Letters:
    """A dictionary of letter strings that also knows how far it is worth reading on."""

    def __init__(self) -> None:
        self.names: dict[str, list[LexiconName]] = defaultdict(list)
        self.prefixes: set[str] = set()
        self.longest = 0

    def add(self, letters: str, name: LexiconName) -> None:
        self.names[letters].append(name)
        self.prefixes.update((letters[:_HEAD], letters[:_NECK]))
        self.longest = max(self.longest, len(letters))

    def from_word(self, words: Sequence[str], first: int) -> Iterable[tuple[str, int]]:
        """Every known letter string that starts with word `first`, with its last word."""
        letters = ""
        for last in range(first, len(words)):
            letters += words[last]
            if len(letters) > self.longest:
                return
            if (
                len(letters) >= _HEAD
                and letters[: _NECK if len(letters) >= _NECK else _HEAD] not in self.prefixes
            ):
                return
            if letters in self.names:
                yield letters, last


class Lexicon:
    """The names to look for. `known` words are never taken for slips of others: they are words or names themselves."""

    def __init__(self, names: Iterable[LexiconName], known: Iterable[str] = ()) -> None:
        self._letters, self._leet = _Letters(), _Letters()
        self._known = frozenset(known)
        self._beside: dict[tuple[str, int, int], list[tuple[LexiconName, int]]] = defaultdict(list)
        self._slips: dict[str, list[LexiconName]] = defaultdict(list)
        for name in names:
            self._add(name)

    def _add(self, name: LexiconName) -> None:
        letters = "".join(name.words)
        self._letters.add(letters, name)
        if name.joins and len(letters) >= LEET_LETTERS:
            self._leet.add("".join(map(skeleton, name.words)), name)
        if name.slips and len(letters) >= SLIP_LETTERS:
            self._add_slips(name, letters)

    def _add_slips(self, name: LexiconName, letters: str) -> None:
        for place, word in enumerate(name.words):
            if len(word) >= SHORT_WORD and len(name.words) > 1:
                neighbour = place - 1 if place else place + 1
                self._beside[name.words[neighbour], place - neighbour, len(word)].append((name, place))
        if len(name.words) <= 2 and len(letters) >= SLIP_ONE_WORD:
            for shorter in deletions(letters):
                self._slips[shorter].append(name)

    def find(self, text: FoldedText) -> list[Hit]:
        """All hits, overlapping ones too, in order of their first word; the caller chooses among them."""
        words = [word.text for word in text.words]
        hits = {(hit.index, hit.first, hit.last): hit for hit in self._slipped(words)}
        if _ODD.search(text.original) or _INNER_SIGN.search(text.original) or _STRETCHED.search(text.line):
            hits |= {(hit.index, hit.first, hit.last): hit for hit in self._in_leet(text)}
        hits |= {(hit.index, hit.first, hit.last): hit for hit in self._spelled(words)}
        return sorted(hits.values(), key=lambda hit: (hit.first, -hit.last, hit.index))

    def _spelled(self, words: Sequence[str]) -> Iterable[Hit]:
        for first in range(len(words)):
            for letters, last in self._letters.from_word(words, first):
                for name in self._letters.names[letters]:
                    spelling = _spelling(name, words, first, last)
                    if spelling:
                        yield Hit(name.index, first, last, spelling)

    def _slipped(self, words: Sequence[str]) -> Iterable[Hit]:
        for at, word in enumerate(words):
            for step in (-1, 1):
                odd = at + step
                if 0 <= odd < len(words) and self._may_be_slip(words[odd], SHORT_WORD):
                    yield from self._slipped_beside(words, word, odd, step)
            if self._may_be_slip(word, SLIP_ONE_WORD - 1):
                yield from self._slipped_whole(word, at)

    def _slipped_beside(self, words: Sequence[str], anchor: str, odd: int, step: int) -> Iterable[Hit]:
        """The names that have `anchor`, and beside it, `step` words on, a word that `words[odd]` may be a slip of."""
        for length in range(len(words[odd]) - 1, len(words[odd]) + 2):
            for name, place in self._beside.get((anchor, step, length), ()):
                if _slip_at(name.words, place, words, odd):
                    yield Hit(name.index, odd - place, odd - place + len(name.words) - 1, "misspelled")

    def _slipped_whole(self, word: str, at: int) -> Iterable[Hit]:
        for shorter in deletions(word):
            for name in self._slips.get(shorter, ()):
                if plausible_slip(word, "".join(name.words)):
                    yield Hit(name.index, at, at, "misspelled")

    def _may_be_slip(self, word: str, least: int) -> bool:
        return len(word) >= least and word not in self._known and not word.isdigit()

    def _in_leet(self, text: FoldedText) -> Iterable[Hit]:
        signed = _INNER_SIGN.sub(lambda sign: sign.group().translate(SIGNS), text.original)
        folded = text if signed == text.original else FoldedText(signed)
        places = {word.start: place for place, word in enumerate(text.words)}
        ends = {word.end: place for place, word in enumerate(text.words)}
        bones = [skeleton(word.text) for word in folded.words]
        for first in range(len(bones)):
            for letters, last in self._leet.from_word(bones, first):
                span = folded.words[first].start, folded.words[last].end
                if (
                    any(map(_is_odd, folded.words[first : last + 1]))
                    and span[0] in places
                    and span[1] in ends
                ):
                    for name in self._leet.names[letters]:
                        yield Hit(name.index, places[span[0]], ends[span[1]], "leet")


def _is_odd(word: Word) -> bool:
    """A word that is written in leet or with stretched letters."""
    has_digit = any(map(str.isdigit, word.text))
    return (has_digit and not word.text.isdigit()) or _STRETCHED.search(word.text) is not None


def _slip_at(meant: tuple[str, ...], place: int, words: Sequence[str], odd: int) -> bool:
    first = odd - place
    if first < 0 or first + len(meant) > len(words) or not plausible_slip(words[odd], meant[place]):
        return False
    return all(words[first + other] == word for other, word in enumerate(meant) if other != place)


def _spelling(name: LexiconName, words: Sequence[str], first: int, last: int) -> Spelling | None:
    """How the words of the text spell the name whose letters they have; None where that is no spelling of it."""
    written = words[first : last + 1]
    if tuple(written) == name.words:
        return "exact"
    if not name.joins:
        return None
    letters = sum(map(len, name.words))
    if all(len(word) == 1 for word in written):
        beside = [words[at] for at in (first - 1, last + 1) if 0 <= at < len(words)]
        alone = all(len(word) > 1 or word in "ais" for word in beside)
        return "joined" if letters >= SPELLED_LETTERS and alone else None
    if len(name.words) == 1 or (len(written) > 1 and any(len(word) == 1 for word in written)):
        return None
    return "joined" if letters >= (JOINED_LETTERS if len(written) == 1 else SPLIT_LETTERS) else None


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """The hits to keep where some overlap: the longest, then the exact, the leftmost, the earliest listed; in text order."""
    taken: set[int] = set()
    kept = []
    for hit in sorted(
        hits, key=lambda hit: (hit.first - hit.last, hit.spelling != "exact", hit.first, hit.index)
    ):
        places = range(hit.first, hit.last + 1)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.first)
