"""One word that hides another: letters replaced by signs, masked, repeated, swapped, dropped, reversed, or cut by punctuation.

Pure functions of one token. Each gives a word of the lexicon or nothing; a token that is plain English is never looked at.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product

from policies.text.evasion.lexicon import ENGLISH, HARM, is_known, noted, pairs
from policies.text.evasion.segmenting import segmented

LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s",
    "!": "il", "|": "li", "+": "t", "(": "c", "€": "e", "£": "l", "¥": "y", "¢": "c", "&": "a", "<": "c", "%": "o", "ø": "o",
}  # fmt: skip
"""Signs that stand for letters, the likelier letter first."""
MASKS = "*#_-~^.?•●■█°"
SPOKEN = pairs("spellings.txt")
"""Spellings by ear, and the coded words of video platforms, that mean one thing."""
VOWELS_MAY_DIFFER = tuple(sorted(noted("vowels may differ")))
"""Beginnings of words that one wrong vowel still shows."""
MOST_SPELLINGS = 96
_EDGES = ".,;:?\"'()[]{}<>/\\…"
_RUN = re.compile(r"(.)\1+")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_LETTERS = re.compile(r"[a-z]+")
_VOWELS = "aeiou"
_REAL = noted("real")
"""Real words, outside the list of common ones, that a swap or a turn would make into another."""


@lru_cache(maxsize=65_536)
def hidden_word(token: str) -> str:
    """The word of the lexicon that a token (no white space in it) hides, lower case, or "". A long token hides nothing here."""
    if len(token) > 60:
        return ""
    word = token.casefold().strip(_EDGES)
    for reading in dict.fromkeys((word, word.rstrip("!*#"), word.strip("*_~#-\"'!"))):
        if not reading or _is_plain(reading):
            return ""
    return next(_readings(word), "")


def plain_letters(token: str) -> str:
    """The English word that a token spells with signs for letters ("w0man"), or "": for the words around a hidden one."""
    word = token.casefold().strip(_EDGES)
    if not any(sign in LEET for sign in word) or not any(char.isalpha() for char in word):
        return ""
    return next((found for found in _spellings(word) if found in ENGLISH or found in HARM), "")


def _is_plain(word: str) -> bool:
    word = word.removesuffix("'s")
    if is_known(word) or word in _REAL:
        return True
    parts = re.split(r"[-/'.,:;&+]+", word)
    return (
        len(parts) > 1
        and all(is_known(part) and (len(part) > 2 or part in ENGLISH) for part in parts if part)
        and not all(len(part) == 1 for part in parts if part)
    )


def _readings(word: str) -> Iterator[str]:
    if word in SPOKEN:
        yield SPOKEN[word]
    letters = _without_accents(word)
    if letters != word and letters in HARM:
        yield letters
    if _LETTERS.fullmatch(letters):
        yield from _of_letters(letters)
        return
    yield from (found for found in _spellings(letters) if found in HARM)
    yield from _masked(letters)
    joined = "".join(char for char in letters if char.isalnum() or char in "@$")
    if joined != letters and len(joined) > 2:
        yield from _hidden_in(joined)
    for found in _spellings(letters):
        once = _RUN.sub(r"\1", found)
        yield from _hidden_in(once)


def _hidden_in(letters: str) -> Iterator[str]:
    for found in _spellings(letters):
        if found in HARM:
            yield found
    if letters.isalpha() and letters.isascii() and not is_known(letters):
        yield from _collapsed(letters)


def _of_letters(word: str) -> Iterator[str]:
    yield from _collapsed(word)
    if len(word) > 3:
        if word[::-1] in HARM:
            yield word[::-1]
        yield from (found for found in _swaps(word) if found in HARM)
        found = _dropped().get(word, "") or _dropped().get(_without_vowel_change(word), "")
        if found:
            yield found
    elif word in _dropped():
        yield _dropped()[word]
    if len(word) > 4:
        yield from (
            found for found in _other_vowels(word) if found.startswith(VOWELS_MAY_DIFFER) and found in HARM
        )
    yield from segmented(word)


def _collapsed(word: str) -> Iterator[str]:
    """Runs of a letter read once, or twice."""
    runs = list(_RUN.finditer(word))
    if not runs or len(runs) > 5:
        return
    pieces = [(m.start(), m.end()) for m in runs]
    for choice in product((2, 1), repeat=len(pieces)):
        out, at = [], 0
        for (start, end), times in zip(pieces, choice, strict=True):
            out += [word[at:start], word[start] * times]
            at = end
        found = "".join([*out, word[at:]])
        if found in HARM and found != word:
            yield found


def _swaps(word: str) -> Iterator[str]:
    for i in range(len(word) - 1):
        yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _other_vowels(word: str) -> Iterator[str]:
    for i, char in enumerate(word):
        if char in _VOWELS:
            yield from (word[:i] + vowel + word[i + 1 :] for vowel in _VOWELS if vowel != char)


def _without_vowel_change(word: str) -> str:
    return _RUN.sub(r"\1", word)


@cache
def _dropped() -> dict[str, str]:
    """Words of the lexicon without one of their vowels, or without any, where no English word is written so."""
    found: dict[str, str] = {}
    for word in sorted(HARM, key=lambda w: (len(w), w)):
        bare = "".join(char for char in word if char not in _VOWELS)
        if len(word) > 3 and len(bare) > 2 and not is_known(bare):
            found.setdefault(bare, word)
        if len(word) > 5:
            for i, char in enumerate(word):
                short = word[:i] + word[i + 1 :]
                if i > 0 and char in _VOWELS and not is_known(short):
                    found.setdefault(short, word)
    return found


def _spellings(word: str) -> Iterator[str]:
    """What a token spells when signs are letters; at most `MOST_SPELLINGS`."""
    if not any(char.isalpha() for char in word):
        return
    choices = [LEET.get(char, char) for char in word]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MOST_SPELLINGS:
        choices = [choice[0] for choice in choices]
    for letters in product(*choices):
        found = "".join(letters)
        if found != word:
            yield found


def _masked(word: str) -> Iterator[str]:
    """Words of the lexicon with some letters blotted out: first letter shown, and at least two shown in all."""
    if not any(char in MASKS for char in word) or not word[0].isalpha():
        return
    shown = sum(char.isalpha() for char in word)
    if shown < 2 or not all(char.isalpha() or char in MASKS for char in word) or len(word) > 14:
        return
    pattern = re.compile("".join("[a-z]" if char in MASKS else char for char in word))
    yield from (found for found in _by_length().get(len(word), ()) if pattern.fullmatch(found))


@cache
def _by_length() -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for word in sorted(HARM):
        found.setdefault(len(word), []).append(word)
    return {length: tuple(words) for length, words in found.items()}


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(_PLAIN_LATIN.get(char, char) for char in decomposed if not unicodedata.combining(char))


_PLAIN_LATIN = {
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ƙ": "k", "ɓ": "b", "ƀ": "b", "ß": "b", "þ": "p",
    "ŋ": "n", "ƒ": "f", "ƈ": "c", "ɗ": "d", "ɠ": "g", "ƞ": "n", "ƥ": "p", "ƭ": "t", "ʋ": "v", "ƴ": "y", "ƶ": "z", "æ": "a",
    "œ": "o", "ƨ": "s", "ɨ": "i", "ʉ": "u",
}  # fmt: skip
