"""Which script a text is written in, and where it changes: the part of telling languages apart that needs no model.

A sign in Chinese inside an English sentence is a passage of its own: two foreign letters must not carry the English words
beside them to another network.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from policies.text.characters import script_of

MIN_FOREIGN_LETTERS = 4
"""Letters of another script in one run-on passage that make it text rather than ornament: "café Ω", "π"."""
MIN_WORDS = 3
"""Latin words in a row, beside another script, that are a passage of their own and not a name in it: "NASA", "Hello Kitty"."""
SCRIPT_LANGUAGES = {
    "CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CYRILLIC": "ru", "GREEK": "el",
    "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn", "THAI": "th", "TAMIL": "ta",
    "TELUGU": "te", "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip
"""The language (ISO 639-1) that most text of a script is in."""
KANA = frozenset({"HIRAGANA", "KATAKANA"})
_SHORT_IN_LETTERS = {"CJK": 2, "HIRAGANA": 2, "KATAKANA": 2, "HANGUL": 2}
_SENTENCE = re.compile(r"[^.!?\n。！？।]+[.!?\n。！？।]*")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_RUN = re.compile(r"(?<![^\W\d_])[A-Za-z\u00c0-\u024f][^\u0370-\U0010ffff]*(?<![^\w.!?])")


def passages(text: str) -> Iterator[tuple[int, int]]:
    """Ranges that together are the text, in order: its sentences, cut again where Latin and another script stand side by side."""
    for match in _SENTENCE.finditer(text):
        yield from _cut(text, *match.span())


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    sentence = text[start:end]
    if sentence.isascii() or not foreign_script(sentence):
        yield start, end
        return
    latin = [m.span() for m in _LATIN_RUN.finditer(sentence) if len(_WORD.findall(m.group())) >= MIN_WORDS]
    bounds = sorted({0, len(sentence), *(place for span in latin for place in span)})
    yield from ((start + first, start + last) for first, last in pairwise(bounds))


def foreign_script(passage: str) -> str:
    """The script other than Latin with most letters, where there are enough of them to be read as text; else "".

    Chinese characters beside kana are Japanese, and the answer is the kana.
    """
    if passage.isascii():
        return ""
    counts: dict[str, int] = {}
    for char in passage:
        if char.isalpha() and not char.isascii():
            script = script_of(char)
            counts[script] = counts.get(script, 0) + 1
    counts.pop("LATIN", None)
    for script in sorted(counts, key=lambda name: (-counts[name], name)):
        if counts[script] >= _SHORT_IN_LETTERS.get(script, MIN_FOREIGN_LETTERS):
            return min(KANA & counts.keys(), default=script) if script == "CJK" else script
    return ""
