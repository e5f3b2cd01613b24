"""Thousands of names against one text, in one pass: exact, joined, spelled out, in leet, or one slip away.

The index is over the letters of a name without its spaces, and a hit must begin and end where words of the text begin and
end: `elvispresley`, `elvis-presley` and `e l v i s p r e s l e y` are one key, and no name is ever found inside a longer
word. Work is linear in the text: from each word on, only as far as some name still continues.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from consent.naming.confusables import LEET, SIGNS
from consent.naming.fold import FoldedText, Word
from consent.naming.hits import Hit, LexiconName, Spelling
from consent.naming.slips import SlipIndex

JOINED_LETTERS: Final = 7
"""Shortest name that is recognised with its words run together: `icecube` is, `jetli` could be another word."""
SPLIT_LETTERS: Final = 8
"""Shortest name that is recognised with a space in the wrong place."""
SPELLED_LETTERS: Final = 4
"""Shortest name that is recognised letter by letter."""
LEET_LETTERS: Final = 6

HANDLE_LETTERS: Final = 8
"""Shortest name that is recognised between the words that accounts put around it."""
_HANDLE_BEFORE: Final = ("real", "the", "iam", "im", "official", "its", "mr", "not", "fake", "team")
_HANDLE_AFTER: Final = ("official", "real", "hq", "tv", "fan", "fans", "fc", "daily", "updates", "music")

_HEAD: Final = 4
_NECK: Final = 7
_ODD: Final = re.compile(r"[^\W\d_][0-9]|[0-9][^\W\d_]")
_INNER_SIGN: Final = re.compile(r"(?<=\w)[@$!|+](?=\w)")
_REPEATED: Final = re.compile(r"(.)\1+")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1\1")


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
    """The names to look for. `known` words are never taken for slips of others: they are words or names themselves. `common`
    names do not tell whose name it is; a `given` one may be a slip of another given name."""

    def __init__(
        self,
        names: Iterable[LexiconName],
        known: Iterable[str] = (),
        common: Iterable[str] = (),
        given: Iterable[str] = (),
    ) -> None:
        self._letters, self._leet = _Letters(), _Letters()
        self._given = frozenset(given)
        self._known = frozenset(known)
        self._slips = SlipIndex(self._known, frozenset(common), self._given)
        for name in names:
            self._add(name)

    def _add(self, name: LexiconName) -> None:
        letters = "".join(name.words)
        self._letters.add(letters, name)
        if name.joins and len(letters) >= LEET_LETTERS:
            self._leet.add("".join(map(skeleton, name.words)), name)
        self._slips.add(name)

    def find(self, text: FoldedText) -> list[Hit]:
        """All hits, overlapping ones too, in order of their first word; the caller chooses among them."""
        words = [word.text for word in text.words]
        hits = {(hit.index, hit.first, hit.last): hit for hit in self._slips.find(words)}
        if _ODD.search(text.original) or _INNER_SIGN.search(text.original) or _STRETCHED.search(text.line):
            hits |= {(hit.index, hit.first, hit.last): hit for hit in self._in_leet(text)}
        hits |= {(hit.index, hit.first, hit.last): hit for hit in self._with_middle(words)}
        hits |= {(hit.index, hit.first, hit.last): hit for hit in self._handles(words)}
        hits |= {(hit.index, hit.first, hit.last): hit for hit in self._spelled(words)}
        return sorted(hits.values(), key=lambda hit: (hit.first, -hit.last, hit.index))

    def _spelled(self, words: Sequence[str]) -> Iterable[Hit]:
        for first in range(len(words)):
            for letters, last in self._letters.from_word(words, first):
                for name in self._letters.names[letters]:
                    spelling = _spelling(name, words, first, last)
                    if spelling:
                        yield Hit(name.index, first, last, spelling)

    def _handles(self, words: Sequence[str]) -> Iterable[Hit]:
        """Names run together with what accounts put around them: `realdonaldtrump`, `taylorswift13`."""
        for at, word in enumerate(words):
            if len(word) > HANDLE_LETTERS and word not in self._known:
                for letters in _bare_handles(word):
                    for name in self._letters.names.get(letters, ()):
                        if name.joins and (len(name.words) > 1 or len(letters) >= HANDLE_LETTERS):
                            yield Hit(name.index, at, at, "joined")

    def _with_middle(self, words: Sequence[str]) -> Iterable[Hit]:
        """Names of two words with an initial or a given name between them: "Elon R. Musk"."""
        for at in range(1, len(words) - 1):
            if (len(words[at]) == 1 and words[at] not in "aix") or words[at] in self._given:
                for name in self._letters.names.get(words[at - 1] + words[at + 1], ()):
                    if name.slips and name.words == (words[at - 1], words[at + 1]):
                        yield Hit(name.index, at - 1, at + 1, "misspelled")

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


def _bare_handles(word: str) -> Iterable[str]:
    """The word without digits at its end, and without what accounts put before and after a name."""
    bare = word.rstrip("0123456789")
    if bare != word:
        yield bare
    for before in _HANDLE_BEFORE:
        if bare.startswith(before):
            yield bare.removeprefix(before)
    for after in _HANDLE_AFTER:
        if bare.endswith(after):
            yield bare.removesuffix(after)


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
