"""Words whose letters stand apart ("b o m b", "k.i.l.l", "n_u_d_e"), and words cut in two ("bo mb")."""

import re
from collections.abc import Iterator, Sequence

from policies.text.evasion.lexicon import ENGLISH, HARM, is_known
from policies.text.evasion.misspelt import hidden_word, plain_letters
from policies.text.evasion.rewriting import Found
from policies.text.evasion.segmenting import words_of

_APART = re.compile(
    r"(?<![^\W_])[^\W_](?:[ \n.\-_*/\\|,+~:;=•·'\"]{1,3}[^\W_@$!]?[^\W_]?(?<=[^\s.\-_*/\\|,+~:;=•·'\"])(?![^\W_])){2,}"
)
"""Single characters (a doubled one may be among them) with little between them, three at least."""
_CHARACTER = re.compile(r"[^\W_]+|[@$!]")
_PAIR = re.compile(r"(?<![^\W_])([A-Za-z]{1,6})[ \n.\-_]([A-Za-z]{1,6})(?![^\W_])")
MAX_LETTERS = 2_000


def spaced_words(text: str) -> Iterator[Found]:
    """Runs of single letters that spell a harmful word, or a sentence with one in it: each word where its letters are."""
    for run in _APART.finditer(text):
        places = [run.start() + i for m in _CHARACTER.finditer(run.group()) for i in range(*m.span())]
        letters = "".join(text[i] for i in places).casefold()
        words = _spelled(letters)
        if sum(map(len, words.split())) == len(places) == len(letters):
            yield from _word_by_word(words.split(), places)
        elif words:
            yield Found(run.start(), run.end(), words)


def _word_by_word(words: Sequence[str], places: Sequence[int]) -> Iterator[Found]:
    at, before = 0, places[0]
    for word in words:
        start, end = places[at], places[at + len(word) - 1] + 1
        if before < start:
            yield Found(before, start, " ")
        yield Found(start, end, word)
        at, before = at + len(word), end


def _spelled(letters: str) -> str:
    """The words that letters set apart spell, where a harmful one is among them; else ""."""
    if len(letters) > MAX_LETTERS:
        return ""
    if letters in HARM:
        return letters
    for plain in (letters, plain_letters(letters)):
        words = words_of(plain) if plain else ()
        if any(word in HARM for word in words):
            return " ".join(words)
    if len(letters) > 3 and not is_known(letters):
        return hidden_word(letters)
    return ""


def split_words(text: str) -> Iterator[Found]:
    """Two neighbours, at least one of them no word, that are a harmful word together."""
    for first in _PAIR.finditer(text):
        yield from _joined(first)
    # pairs overlap: look once more from the second word of each
    for match in _PAIR.finditer(text):
        second = _PAIR.match(text, match.start(2))
        if second is not None:
            yield from _joined(second)


def _joined(pair: re.Match[str]) -> Iterator[Found]:
    left, right = pair.group(1).casefold(), pair.group(2).casefold()
    word = left + right
    if len(word) > 3 and word in HARM and not (_stands_alone(left) and _stands_alone(right)):
        yield Found(pair.start(), pair.end(), word)


def _stands_alone(part: str) -> bool:
    return part in ENGLISH or (len(part) > 2 and is_known(part))
