"""A whole text turned into something else letter by letter: reversed, each word reversed, or its alphabet shifted (rot13).

Tried only where most of the text is no English, and believed only where the result plainly is.
"""

import re
from collections.abc import Iterator
from string import ascii_lowercase

from policies.text.evasion.lexicon import ENGLISH, HARM, known_share

WORDS = re.compile(r"[a-z]+")
MOST_CHARACTERS = 4_000
FOREIGN_BELOW = 0.5
"""The share of English, by letters, up to which a text is worth turning."""
CLEAR_FROM = 0.75
_SHIFTED = [str.maketrans(ascii_lowercase, ascii_lowercase[n:] + ascii_lowercase[:n]) for n in range(1, 26)]
_TABLES = (*_SHIFTED, str.maketrans(ascii_lowercase, ascii_lowercase[::-1]))


def orders(text: str) -> Iterator[tuple[int, ...]]:
    """Other orders of the characters that are worth a look: backwards, each word backwards, the words backwards."""
    whole = tuple(range(len(text) - 1, -1, -1))
    yield whole
    words = [match.span() for match in re.finditer(r"\S+|\s+", text)]
    yield tuple(i for start, end in words for i in range(end - 1, start - 1, -1))


def reads_foreign(text: str) -> bool:
    """Whether the text has a few words of plain letters, most of which are no English."""
    words = WORDS.findall(text.casefold())
    if len(text) > MOST_CHARACTERS or sum(map(len, words)) < 6:
        return False
    return known_share(words) < FOREIGN_BELOW


def is_plain_english(text: str) -> bool:
    """Whether turned text reads as English: several words, or one that is harmful."""
    words = WORDS.findall(text.casefold())
    if len(words) < 3:
        return (
            bool(words)
            and all(word in HARM or word in ENGLISH for word in words)
            and any(w in HARM for w in words)
        )
    return known_share(words) >= CLEAR_FROM


def shifted(text: str) -> str:
    """The text with its alphabet shifted so that it reads as English, or ""."""
    lower = text.lower()
    if len(lower) != len(text):
        return ""
    sample = WORDS.findall(lower)[:40]
    for table in _TABLES:
        turned = [word.translate(table) for word in sample]
        if sum(word in ENGLISH or word in HARM for word in turned) * 2 >= len(turned):
            found = lower.translate(table)
            if is_plain_english(found):
                return found
    return ""
