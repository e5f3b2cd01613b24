"""The words the decoders look for, and the plain English they must leave alone; both are data beside this file.

A decoder's guess counts only when it gives a word of `HARM`, or a text that is plainly English. What is English already is never
guessed at: that keeps benign prompts as they are.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_VOWELS = frozenset("aeiou")
_ENDINGS = re.findall("[a-z]+", "s es d ed ing ly er ers y n st est ness less ful like ish able")


def _lines(name: str) -> Iterator[str]:
    for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            yield line


def pairs(name: str) -> dict[str, str]:
    """The `word=meaning` pairs of the data file `name` beside this module."""
    return dict(pair.split("=") for pair in " ".join(_lines(name)).split())


@cache
def _notes() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    heading = ""
    for line in (_FOLDER / "word_notes.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading = line[1 : line.index("]")]
        elif not line.startswith("#"):
            found.setdefault(heading, set()).update(line.split())
    return {heading: frozenset(words) for heading, words in found.items()}


def noted(heading: str) -> frozenset[str]:
    """The words under one heading of `word_notes.txt`. Raises KeyError for a heading that it lacks."""
    return _notes()[heading]


def inflected(word: str) -> frozenset[str]:
    """The verb and noun forms of an English word by rule, itself among them."""
    stem, forms = word, {word, word + "s"}
    if word.endswith("e"):
        stem = word[:-1]
    elif len(word) > 2 and word[-1] not in "aeiouwxy" and word[-2] in _VOWELS and word[-3] not in _VOWELS:
        forms |= {word + word[-1] + end for end in ("ed", "er", "ers", "ing")}
    elif word.endswith("y"):
        return frozenset({word, word[:-1] + "ies", word[:-1] + "ied", word + "ing"})
    elif word.endswith(("s", "sh", "ch", "x", "z")):
        forms.add(word + "es")
    return frozenset(forms | {stem + end for end in ("ed", "er", "ers", "ing")})


def _harm(lines: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for word in " ".join(lines).split():
        found |= inflected(word[:-1]) if word.endswith("~") else {word}
    return frozenset(found)


HARM = _harm(_lines("harm_words.txt"))
"""Words somebody may want to hide, lower case, with their forms."""
ENGLISH = frozenset(" ".join(_lines("english_words.txt")).split())
"""Common words of English prompts, lower case."""
FOREIGN = pairs("foreign_words.txt")
"""Harmful words of other languages, and what they mean."""


@cache
def emoji_words() -> dict[str, tuple[str, bool]]:
    """For each emoji its word, and whether it makes a second reading by itself."""
    found = {}
    for line in _lines("emoji_words.txt"):
        emoji, words = line.split(" ", 1)
        found[emoji] = (words.removesuffix(" !"), words.endswith(" !"))
    return found


def is_known(word: str) -> bool:
    """Whether the lower-case word is English to us as it stands: listed, or a listed word with an ordinary ending."""
    if word in ENGLISH or word in HARM:
        return True
    return any(
        word.endswith(end) and len(word) - len(end) > 2 and _is_stem(word[: -len(end)]) for end in _ENDINGS
    )


def _is_stem(stem: str) -> bool:
    if stem in ENGLISH or stem + "e" in ENGLISH:
        return True
    if stem[-1:] == "i" and stem[:-1] + "y" in ENGLISH:
        return True
    return len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in ENGLISH


def known_share(words: Iterable[str]) -> float:
    """The share of the lower-case words that are English, by letters: 1 for none."""
    sizes = [(len(word), is_known(word)) for word in words]
    return (
        sum(size for size, known in sizes if known) / (sum(size for size, _ in sizes) or 1) if sizes else 1.0
    )
