"""Letters and words written as pictures: emoji, letters in boxes, flags that spell, Braille, letters turned upside down."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from policies.text.evasion.lexicon import FOREIGN, HARM, emoji_words, is_known
from policies.text.evasion.misspelt import hidden_word
from policies.text.evasion.rewriting import Found

_BRAILLE = dict(zip("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵", "abcdefghijklmnopqrstuvwxyz", strict=True))
_TURNED = dict(zip("ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz", "abcdefghijklmnopqrstuvwxyz", strict=True)) | {
    "ı": "i",
    "ן": "l",
    "ɓ": "g",
    "ɹ": "r",
}
_ONLY_TURNED = frozenset("ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎן")
_CYRILLIC_SOUNDS = "a b v g d e zh z i i k l m n o p r s t u f h ts ch sh sh  y  e yu ya"
_CYRILLIC = dict(zip("абвгдежзийклмнопрстуфхцчшщъыьэюя", _CYRILLIC_SOUNDS.split(" "), strict=True))
_SPELLED = re.compile(
    r"[\U0001F150-\U0001F189\U0001F1E6-\U0001F1FF⠁-⠿](?:[ \-]?[\U0001F150-\U0001F189\U0001F1E6-\U0001F1FF⠁-⠿])+"
)
_FOREIGN_WORD = re.compile(r"[^\W\d_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+")


def pictured_words(text: str) -> Iterator[Found]:
    """Emoji as words, where one of those that speak for themselves is among them; letters in boxes where they spell a word."""
    if text.isascii():
        return
    words = emoji_words()
    at = [(i, words[char]) for i, char in enumerate(text) if char in words]
    if any(speaks for _, (_, speaks) in at):
        yield from (Found(i, i + 1, f" {word} ") for i, (word, _) in at)
    for run in _SPELLED.finditer(text):
        spelled = "".join(_boxed(char) for char in run.group())
        if spelled in HARM or hidden_word(spelled) or (len(spelled) > 3 and is_known(spelled)):
            yield Found(run.start(), run.end(), hidden_word(spelled) or spelled)


@lru_cache(maxsize=512)
def _boxed(char: str) -> str:
    if char in _BRAILLE:
        return _BRAILLE[char]
    name = unicodedata.name(char, "")
    return name[-1].lower() if "LETTER" in name or "REGIONAL INDICATOR SYMBOL" in name else ""


def foreign_words(text: str) -> Iterator[Found]:
    """Harmful words of another language in a text that is otherwise English; and English ones in Cyrillic letters."""
    for match in _FOREIGN_WORD.finditer(text):
        word = match.group().casefold()
        if word in FOREIGN:
            yield Found(match.start(), match.end(), FOREIGN[word])
        elif not word.isascii():
            yield from _in_other_letters(match, word)


def _in_other_letters(match: re.Match[str], word: str) -> Iterator[Found]:
    if all(char in _CYRILLIC for char in word):
        spelled = "".join(_CYRILLIC[char] for char in word)
        found = spelled if spelled in HARM else hidden_word(spelled)
        if len(spelled) > 3 and found:
            yield Found(match.start(), match.end(), found)
    for run in _CJK.finditer(match.group()):
        if run.group() != word:
            for size in range(len(run.group()), 0, -1):
                for at in range(len(run.group()) - size + 1):
                    part = run.group()[at : at + size]
                    if part in FOREIGN:
                        start = match.start() + run.start() + at
                        yield Found(start, start + size, f" {FOREIGN[part]} ")
                        return


def turned(original: str) -> str:
    """The text that somebody typed upside down, or "". Upside down it begins at the end."""
    if original.isascii() or sum(char in _ONLY_TURNED for char in original) < 3:
        return ""
    return "".join(_TURNED.get(char, char) for char in reversed(original.casefold()))
