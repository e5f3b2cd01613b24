"""Which language a text is written in, so that nothing is waved through that the classifier cannot read.

The first classifier reads English. Text in another natural language is "could not judge"; gibberish is no language
and passes this check (the output gate judges what comes of it). Short English prompts must never be mistaken, so the
model's word counts only with a margin and only where plain English words do not contradict it.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.text.characters import script_of
from policies.text.function_words import ENGLISH, ROMANISED

SUPPORTED = frozenset({"en"})
"""The languages whose text the shipped classifier reads (ISO 639-1)."""

MIN_FOREIGN_LETTERS = 4
"""Letters of another script in one run-on passage that make it text rather than ornament: "café Ω", "π"."""
MIN_LATIN_LETTERS = 14
"""Below this many Latin letters the model guesses: "a ceiling fan" is Frisian to it."""
MIN_WORDS = 3
MIN_TOP, MAX_ENGLISH = 0.35, 0.1
"""The margin of the model's probabilities beyond which a Latin passage is held for another language than English.

Chosen on English and foreign prompts of public sets; weights/MEASURED.md says what it reaches.
"""
MIN_ENGLISH_WORDS = 0.15
"""A passage with at least this share of English function words is English, whatever the model says."""
MIN_ROMANISED_WORDS = 0.25
"""The share of function words that marks a romanised language the model does not know."""

_PASSAGE = re.compile(r"[^.!?\n。！？।]+[.!?\n。！？।]*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SCRIPT_LANGUAGES = {
    "CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CYRILLIC": "ru", "GREEK": "el",
    "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn", "THAI": "th", "TAMIL": "ta",
    "TELUGU": "te", "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip
_SHORT_IN_LETTERS = {"CJK": 2, "HIRAGANA": 2, "KATAKANA": 2, "HANGUL": 2}


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters `start` to `end` of the judged text, in `language` ("" when it is no natural language we know)."""

    start: int
    end: int
    language: str


@dataclass(frozen=True, slots=True)
class LanguageReading:
    """What a text is written in: `unsupported` lists, in order, the passages that the classifier cannot read."""

    unsupported: tuple[Passage, ...]

    @property
    def supported(self) -> bool:
        """Whether the classifier can read all of it."""
        return not self.unsupported


class LanguageIdentifier:
    """Reads the language of normalised text with fastText's `lid.176.ftz` (loaded when first needed, thread-safe)."""

    def __init__(self, model: Path) -> None:
        self._path = model
        self._lock = threading.Lock()
        self._model: Any = None

    def read(self, text: str) -> LanguageReading:
        """The passages of `text` (normalised) in a natural language outside `SUPPORTED`.

        Raises FileNotFoundError when the model file is missing.
        """
        found = (Passage(start, end, self._language(text[start:end])) for start, end in _passages(text))
        return LanguageReading(tuple(p for p in found if p.language and p.language not in SUPPORTED))

    def _language(self, passage: str) -> str:
        foreign = _foreign_script(passage)
        if foreign:
            return _SCRIPT_LANGUAGES.get(foreign, foreign.lower())
        words = [word.casefold() for word in _WORD.findall(passage)]
        if len(words) < MIN_WORDS or sum(map(len, words)) < MIN_LATIN_LETTERS:
            return "en"
        if _share(words, ENGLISH) >= MIN_ENGLISH_WORDS:
            return "en"
        return _romanised(words) or self._by_model(" ".join(words))

    def _by_model(self, words: str) -> str:
        probabilities = self._probabilities(words)
        top = max(probabilities, key=lambda language: probabilities[language], default="")
        if not top or probabilities[top] < MIN_TOP or probabilities.get("en", 0.0) > MAX_ENGLISH:
            return ""
        return top if _writes_latin(top) else ""

    def _probabilities(self, line: str) -> dict[str, float]:
        with self._lock:
            if self._model is None:
                self._model = _load(self._path)
            labels, values = self._model.predict(line, k=5)
        return {label.removeprefix("__label__"): float(p) for label, p in zip(labels, values, strict=True)}


def _load(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"language model: no file at {path}; fetch the models or give another path")
    import fasttext

    return fasttext.load_model(str(path))


def _passages(text: str) -> Iterator[tuple[int, int]]:
    for match in _PASSAGE.finditer(text):
        yield match.span()


def _foreign_script(passage: str) -> str:
    """The script other than Latin with most letters, where there are enough of them to be read as text; else ""."""
    counts: dict[str, int] = {}
    for char in passage:
        if char.isalpha() and not char.isascii():
            script = script_of(char)
            counts[script] = counts.get(script, 0) + 1
    counts.pop("LATIN", None)
    for script in sorted(counts, key=lambda name: (-counts[name], name)):
        if counts[script] >= _SHORT_IN_LETTERS.get(script, MIN_FOREIGN_LETTERS):
            return script
    return ""


def _share(words: list[str], known: frozenset[str]) -> float:
    return sum(word in known for word in words) / len(words)


def _romanised(words: list[str]) -> str:
    for language, known in ROMANISED.items():
        if _share(words, known) >= MIN_ROMANISED_WORDS:
            return language
    return ""


def _writes_latin(language: str) -> bool:
    """Whether the language is written in Latin letters: the model calls keyboard gibberish Japanese or Chinese."""
    return language not in {
        *_SCRIPT_LANGUAGES.values(),
        "fa",
        "ur",
        "uk",
        "bg",
        "mr",
        "kn",
        "ml",
        "yi",
        "my",
        "km",
    }
