"""All ways a text may be meant to be read: as it stands, and, where something in it hides a word, with that word put back.

A decoder can be wrong, so its reading never replaces the plain one: each is judged, and the strictest counts. Nothing is
guessed at that is English as it stands; a second reading exists only where a word of the lexicon, or plain English, came to
light.
"""

import re
from collections.abc import Iterator
from itertools import chain

from policies.text.evasion.ciphers import is_plain_english, orders, reads_foreign, shifted
from policies.text.evasion.encodings import encoded_words
from policies.text.evasion.lexicon import ENGLISH
from policies.text.evasion.misspelt import hidden_word, plain_letters
from policies.text.evasion.rewriting import Found, rearranged, respelled, rewritten
from policies.text.evasion.spacing import spaced_words, split_words
from policies.text.evasion.symbols import foreign_words, pictured_words, turned
from policies.text.normalise import NormalisedText, normalise
from policies.text.remembered import remembered

REVISION = "readings-1"
"""Grows with every change to a decoder or its words: decisions pin it."""
DEPTH = 3
"""How many times hiding inside hiding is undone: base64 of a reversed text in leet."""

_TOKEN = re.compile(r"\S+")
_EDGES = ".,;:?!\"'()[]{}"


@remembered
def readings(original: str) -> tuple[NormalisedText, ...]:
    """The plain reading, `normalise(original)`, first; then one with everything that was hidden put back, where there is such.

    Every character of every reading maps back to what was typed. Pure and total.
    """
    plain = normalise(original)
    latest = _upright(plain)
    for _ in range(DEPTH):
        deeper = _decoded(latest)
        if deeper is None:
            break
        latest = deeper
    return (plain,) if latest.text == plain.text else (plain, latest)


def _upright(plain: NormalisedText) -> NormalisedText:
    found = turned(plain.original)
    if not found or not is_plain_english(found):
        return plain
    places = range(len(plain.original) - 1, -1, -1)
    return NormalisedText(plain.original, found, tuple(places), tuple(i + 1 for i in places))


def _decoded(text: NormalisedText) -> NormalisedText | None:
    """One layer of hiding undone, or None where nothing is hidden."""
    whole = _turned_about(text) if reads_foreign(text.text) else None
    if whole is not None:
        return whole
    found = list(_hidden(text.text))
    if not found:
        return None
    with_words = rewritten(text, found)
    return rewritten(with_words, list(_around(with_words.text)))


def _hidden(text: str) -> Iterator[Found]:
    return chain(
        encoded_words(text),
        pictured_words(text),
        spaced_words(text),
        split_words(text),
        foreign_words(text),
        _misspelt(text),
    )


def _misspelt(text: str) -> Iterator[Found]:
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.lower().strip(_EDGES) in ENGLISH:
            continue
        word = hidden_word(token)
        if word:
            yield Found(match.start(), match.end(), word)


def _around(text: str) -> Iterator[Found]:
    """The harmless words that were typed in the same manner: "a n@ked w0man"."""
    for match in _TOKEN.finditer(text):
        word = plain_letters(match.group())
        if word:
            yield Found(match.start(), match.end(), word)


def _turned_about(text: NormalisedText) -> NormalisedText | None:
    for order in orders(text.text):
        found = rearranged(text, order)
        if is_plain_english(found.text):
            return found
    letters = shifted(text.text)
    return respelled(text, letters) if letters else None
