"""The text sense of the active profile: the language first, then the classifier; the last texts are remembered.

A text that hides words has a second reading with the words put back: both are judged, and for each category the higher score
counts. English passages go to the English network. A text that is in another language somewhere goes as a whole to the network
that reads all of them, and its English passages to the English one as well.

Several checks ask about the same prompt (the classifier's, the restrictions'); it is encoded once. Scores do not depend on
what is remembered, so the cache changes nothing but the time.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import LANGUAGE_UNSUPPORTED, strongest_per_category
from policies.findings import Finding
from policies.text.classifier import TextClassifier, TextScores
from policies.text.context.movements import without_movements
from policies.text.context.negation import without_ruled_out
from policies.text.context.weighing import in_context, milder
from policies.text.language import LanguageIdentifier, LanguageReading
from policies.text.normalise import NormalisedText
from policies.text.readings import readings

REMEMBERED = 256
DECODED_COUNTS_FROM = 0.9
"""The score of a decoded reading that tells more than "could not judge" where the plain reading is in no language that is
read. No shipped policy lets a score as high pass, so that a decoder's guess never makes a text easier to release."""


class ActiveTextModel:
    """Implements `TextModel`. Safe to share between threads."""

    def __init__(self, languages: LanguageIdentifier, classifier: TextClassifier) -> None:
        self._languages = languages
        self._classifier = classifier
        self._known: OrderedDict[tuple[str, str, bool], TextScores] = OrderedDict()
        self._lock = threading.Lock()

    def findings(self, text: NormalisedText, *, field: str, signal: str, check: str) -> Sequence[Finding]:
        """The classifier's findings on every reading of the text, and those of the rules for context, renamed for the asking
        check. Raises `CouldNotJudge` (`language.unsupported`) when any passage is in a natural language that nobody
        reads."""
        _, *decoded = readings(text.original)
        hidden = [finding for reading in decoded for finding in self._decoded(reading, field)]
        spoken = self._languages.read(text.text)
        if spoken.supported:
            found = strongest_per_category([*self._in_context(text, spoken, field), *hidden])
        elif max((finding.score for finding in hidden), default=0.0) >= DECODED_COUNTS_FROM:
            found = strongest_per_category(hidden)
        else:
            raise CouldNotJudge(LANGUAGE_UNSUPPORTED, _named(spoken))
        return [replace(finding, signal=signal, check=check) for finding in found]

    def _decoded(self, reading: NormalisedText, field: str) -> Sequence[Finding]:
        spoken = self._languages.read(reading.text)
        return self._in_context(reading, spoken, field) if spoken.supported else ()

    def _in_context(self, text: NormalisedText, spoken: LanguageReading, field: str) -> list[Finding]:
        """What the networks score, milder by what it rules out or a movement is called, stricter by rules for context."""
        scored = self._scored(text, spoken, field)
        for leave_out in (without_movements, without_ruled_out):
            without = leave_out(text)
            if without is not None:
                scored = milder(scored, self._scored(without, spoken, field))
        return [*scored, *in_context(text, field, scored)]

    def _scored(self, text: NormalisedText, spoken: LanguageReading, field: str) -> list[Finding]:
        """The highest scores of all networks that read some of the text."""
        found = [
            finding
            for part, english in _parts(text, spoken)
            for finding in self._scores(part, english=english).findings(field)
        ]
        return strongest_per_category(found)

    def _scores(self, text: NormalisedText, *, english: bool) -> TextScores:
        key = text.original, text.text, english
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        scores = self._classifier.score_normalised(text, english=english)
        with self._lock:
            self._known[key] = scores
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return scores


def _parts(text: NormalisedText, spoken: LanguageReading) -> Iterator[tuple[NormalisedText, bool]]:
    """What is judged, and whether by the English network. What is in no language we know is judged as English."""
    english = [passage for passage in spoken.passages if passage.language in {"", "en"}]
    if len(english) == len(spoken.passages):
        yield text, True
        return
    yield text, False
    for passage in english:
        yield text.part(passage.start, passage.end), True


def _named(spoken: LanguageReading) -> str:
    return ", ".join(sorted({passage.language for passage in spoken.unsupported}))
