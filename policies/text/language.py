"""Which language a text is written in, so that nothing is waved through that the classifier cannot read.

Text in a natural language that no network reads is "could not judge"; gibberish is no language and passes this check (it is
judged as English, and the output gate judges what comes of it). Short English prompts must never be mistaken, so the model's
word counts only with a margin and only where plain English words do not contradict it. A language in borrowed Latin letters is
another one to us ("ru-Latn"); Hindi alone was trained on in both.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.text.function_words import ENGLISH, ROMANISED
from policies.text.scripts import SCRIPT_LANGUAGES, foreign_script, passages

SUPPORTED = frozenset({"en", "es", "fr", "de", "pt", "zh", "ja", "hi", "hi-Latn", "ar", "ru"})
"""The languages that the shipped networks were trained for (ISO 639-1; Hindi in Latin letters, too)."""

MIN_LATIN_LETTERS = 14
"""Below this many Latin letters the model guesses: "a ceiling fan" is Frisian to it."""
MIN_WORDS = 3
MIN_TOP, MAX_ENGLISH = 0.35, 0.1
"""The margin of the model's probabilities beyond which a Latin passage is held for another language than English.

Chosen on English and foreign prompts of public sets; MODEL_CARD.md says what it reaches.
"""
MIN_ENGLISH_WORDS = 0.15
"""A passage with at least this share of English function words is English, whatever the model says."""
MIN_ROMANISED_WORDS = 0.25
"""The share of function words that marks a romanised language the model does not know."""

SURE = 0.5
"""The probability from which the model's word stands against the small words of a romanised language, and against the language
that most text of a script is in."""
SAME_SCRIPT = {
    "ru": frozenset({"uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg", "tt"}),
    "ar": frozenset({"fa", "ur", "ps", "ckb", "ug", "sd"}),
    "hi": frozenset({"mr", "ne", "sa", "bh", "mai"}),
}
"""For the languages that scripts stand for, others in the same script that the model can tell from them."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters `start` to `end` of the judged text, in `language` ("" when it is no natural language we know)."""

    start: int
    end: int
    language: str


@dataclass(frozen=True, slots=True)
class LanguageReading:
    """What a text is written in: its passages in order, neighbours of one language as one, and the languages that are read."""

    passages: tuple[Passage, ...]
    languages: frozenset[str] = SUPPORTED

    @property
    def unsupported(self) -> tuple[Passage, ...]:
        """The passages in a natural language that nobody here reads."""
        return tuple(p for p in self.passages if p.language and p.language not in self.languages)

    @property
    def supported(self) -> bool:
        """Whether all of it can be read."""
        return not self.unsupported


class LanguageIdentifier:
    """Reads the language of normalised text with fastText's `lid.176.ftz` (loaded when first needed, thread-safe)."""

    def __init__(self, model: Path, supported: frozenset[str] = SUPPORTED) -> None:
        self._path = model
        self._supported = supported
        self._lock = threading.Lock()
        self._model: Any = None

    def read(self, text: str) -> LanguageReading:
        """The passages of `text` (normalised), each with its language.

        Raises FileNotFoundError when the model file is missing.
        """
        found = (Passage(start, end, self._language(text[start:end])) for start, end in passages(text))
        return LanguageReading(tuple(_together(found)), self._supported)

    def _language(self, passage: str) -> str:
        script = foreign_script(passage)
        if script:
            return self._in_script(SCRIPT_LANGUAGES.get(script, script.lower()), passage)
        words = [word.casefold() for word in _WORD.findall(passage)]
        if len(words) < MIN_WORDS or sum(map(len, words)) < MIN_LATIN_LETTERS:
            return "en"
        if _share(words, ENGLISH) >= MIN_ENGLISH_WORDS:
            return "en"
        return self._in_latin(words)

    def _in_script(self, usual: str, passage: str) -> str:
        """The language of most text in the script, or another in it of which the model is sure."""
        others = SAME_SCRIPT.get(usual)
        if others is None or usual not in self._supported:
            return usual
        probabilities = self._probabilities(" ".join(_WORD.findall(passage)).casefold())
        top = _likeliest(probabilities)
        return top if top in others and probabilities[top] >= SURE else usual

    def _in_latin(self, words: list[str]) -> str:
        probabilities = self._probabilities(" ".join(words))
        top = _likeliest(probabilities)
        if probabilities.get(top, 0.0) >= SURE and top in self._supported and _writes_latin(top):
            return top
        romanised = _romanised(words)
        if romanised:
            return romanised
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


def _likeliest(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=lambda language: probabilities[language], default="")


def _together(found: Iterator[Passage]) -> Iterator[Passage]:
    """Neighbours of one language as one passage."""
    before: Passage | None = None
    for passage in found:
        if before is not None and before.language == passage.language:
            before = Passage(before.start, passage.end, before.language)
            continue
        if before is not None:
            yield before
        before = passage
    if before is not None:
        yield before


def _share(words: list[str], known: frozenset[str]) -> float:
    return sum(word in known for word in words) / len(words)


def _romanised(words: list[str]) -> str:
    for language, known in ROMANISED.items():
        if _share(words, known) >= MIN_ROMANISED_WORDS:
            return language
    return ""


_OTHER_SCRIPTS = frozenset(
    {*SCRIPT_LANGUAGES.values(), *(one for group in SAME_SCRIPT.values() for one in group)}
)
_OTHER_SCRIPTS |= {"kn", "ml", "yi", "my", "km"}


def _writes_latin(language: str) -> bool:
    """Whether the language is written in Latin letters: the model calls keyboard gibberish Japanese or Chinese."""
    return language not in _OTHER_SCRIPTS
