"""Names with a slip of the pen in them, or written by ear, found by the words that are spelled right or nearly so.

A word that people write is no slip of another, so only unknown words are looked up: in an index of the names' words by what one
missing letter leaves of them, and by their sound. Given names are the exception: "Stephen Spielberg" is a slip, because few bear
the surname; "Jon Smith" is somebody.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from consent.naming.hits import Hit, LexiconName
from consent.naming.sounds import letters_apart, sound_of
from consent.naming.spelling import SHORT_WORD, deletions, one_slip, plausible_slip

SLIP_LETTERS: Final = 8
"""Shortest name of several words, all together, that is recognised with a slip."""
SLIP_ONE_WORD: Final = 10
"""The same for a name of two words written as one."""
SLIP_PARTS: Final = 9
"""The same for a name of three or four words, whatever spaces are left in it: "Ban iK-moon"."""
SLIP_SINGLE: Final = 7
"""The same for a name of one word."""
SLIPS_LETTERS: Final = 10
"""The same for a name with a slip in two of its words."""
SOUND_WORD: Final = 5
"""Shortest word that is recognised by its sound."""
RARE_WORD: Final = 5
"""Shortest word that tells whose name it is, where it is no common name."""
_LONG_WORD: Final = 10
_MOST_WORDS: Final = 4

_Options = dict[str, int]
"""The words of names that a written word may stand for, each with the slips it takes; the word itself takes none."""


class SlipIndex:
    """Names that may be misspelled. `known` words are no slips; `common` ones do not tell whose name it is; `given` ones may
    still be a slip of another given name."""

    def __init__(self, known: frozenset[str], common: frozenset[str], given: frozenset[str]) -> None:
        self._known, self._common, self._given = known, common, given
        self._bearing: dict[str, list[tuple[LexiconName, int]]] = defaultdict(list)
        self._shorter: dict[str, list[str]] = defaultdict(list)
        self._sounds: dict[str, list[str]] = defaultdict(list)
        self._whole: dict[str, list[LexiconName]] = defaultdict(list)
        self._longest = 0

    def add(self, name: LexiconName) -> None:
        """Forgive slips in `name`, if it is long enough."""
        letters = "".join(name.words)
        if not name.slips or len(letters) < (SLIP_LETTERS if len(name.words) > 1 else SLIP_SINGLE):
            return
        if len(name.words) > 1 or letters.isascii():
            for place, word in enumerate(name.words):
                if len(word) >= SHORT_WORD:
                    self._add_word(word)
                    self._bearing[word].append((name, place))
        least = SLIP_ONE_WORD if len(name.words) <= 2 else SLIP_PARTS
        if len(name.words) <= _MOST_WORDS and len(letters) >= least:
            self._longest = max(self._longest, len(letters) + 1)
            for shorter in deletions(letters):
                self._whole[shorter].append(name)

    def _add_word(self, word: str) -> None:
        if word in self._bearing:
            return
        for shorter in deletions(word):
            self._shorter[shorter].append(word)
        if len(word) >= SOUND_WORD and (sound := sound_of(word)):
            self._sounds[sound].append(word)

    def find(self, words: Sequence[str]) -> Iterator[Hit]:
        """Every name with a slip in one or two of its words."""
        options = {at: self._near(word) for at, word in enumerate(words) if self._is_odd(word)}
        telling = {at for at, word in enumerate(words) if word in self._bearing and self._tells(word)}
        for at in {at + step for at in (*telling, *options) for step in (-1, 1)} - options.keys():
            if 0 <= at < len(words) and (words[at] in self._given or words[at] not in self._common):
                options[at] = self._near(words[at])
        for at, meant in options.items():
            for word in meant:
                for name, place in self._bearing[word]:
                    first = at - place
                    if first >= 0 and self._spells(
                        name, words[first : first + len(name.words)], options, first
                    ):
                        yield Hit(name.index, first, first + len(name.words) - 1, "misspelled")
        yield from self._respaced(words)

    def _respaced(self, words: Sequence[str]) -> Iterator[Hit]:
        """Around every word that nobody writes, each run of up to four words."""
        for at, word in enumerate(words):
            odd = word not in self._known and word not in self._bearing
            if odd and word.isascii() and not word.isdigit():
                for first in range(max(0, at - _MOST_WORDS + 1), at + 1):
                    for last in range(at, min(len(words), first + _MOST_WORDS)):
                        yield from self._run_together(words, first, last)

    def _near(self, word: str) -> _Options:
        """What `word` may be a slip of: one letter away, or like it in sound."""
        near = {
            meant: 1
            for shorter in deletions(word)
            for meant in self._shorter.get(shorter, ())
            if meant != word and one_slip(word, meant) and not _is_ending(word, meant)
        }
        most = 3 if len(word) >= _LONG_WORD else 2
        for meant in self._sounds.get(sound_of(word), ()) if len(word) >= SOUND_WORD else ():
            if meant != word and meant[0] == word[0] and letters_apart(word, meant, most) <= most:
                near.setdefault(meant, 2)
        return near

    def _spells(
        self, name: LexiconName, written: Sequence[str], options: dict[int, _Options], first: int
    ) -> bool:
        """Whether `written` is `name` with at most two slips, enough of it is right, and it is not another's name."""
        if len(written) < len(name.words):
            return False
        odd = [at for at, (mine, meant) in enumerate(zip(written, name.words, strict=True)) if mine != meant]
        if any(name.words[at] not in options.get(first + at, ()) for at in odd):
            return False
        if len(odd) == 1:
            return self._one_odd(name, written[odd[0]], odd[0], options[first + odd[0]][name.words[odd[0]]])
        return len(odd) == 2 and self._two_odd(name, written, odd)

    def _one_odd(self, name: LexiconName, written: str, at: int, slips: int) -> bool:
        if len(name.words) == 1:
            return len(written) >= SLIP_SINGLE and slips == 1 and _says_the_same(written, name.words[at])
        tells = any(self._tells(word) for place, word in enumerate(name.words) if place != at)
        if written in self._known:
            return tells
        if slips == 1:
            return plausible_slip(written, name.words[at]) or tells
        return True

    def _two_odd(self, name: LexiconName, written: Sequence[str], odd: Sequence[int]) -> bool:
        unknown = not any(written[at] in self._known for at in odd)
        return (
            unknown
            and sum(map(len, name.words)) >= SLIPS_LETTERS
            and any(self._tells(name.words[at]) for at in odd)
        )

    def _tells(self, word: str) -> bool:
        return len(word) >= RARE_WORD and word not in self._common

    def _run_together(self, words: Sequence[str], first: int, last: int) -> Iterator[Hit]:
        """Names whose letters the words from `first` to `last` have with one slip, wherever their spaces are."""
        written = words[first : last + 1]
        letters = "".join(written)
        if not SLIP_PARTS - 1 <= len(letters) <= self._longest:
            return
        initial = any(
            len(word) == 1 for word in written
        )  # a letter of its own beside a name is no slip in it
        for shorter in deletions(letters):
            for name in self._whole.get(shorter, ()):
                meant = "".join(name.words)
                apart = first == last or (len(name.words) > 1 and not (initial and len(letters) > len(meant)))
                if apart and plausible_slip(letters, meant):
                    yield Hit(name.index, first, last, "misspelled")

    def _is_odd(self, word: str) -> bool:
        return (
            len(word) >= SHORT_WORD
            and word not in self._known
            and word not in self._bearing
            and not word.isdigit()
        )


def _says_the_same(written: str, meant: str) -> bool:
    return sound_of(written) == sound_of(meant) or sorted(written) == sorted(meant)


def _is_ending(written: str, meant: str) -> bool:
    return written in (f"{meant}s", f"{meant}d", f"{meant}r")
