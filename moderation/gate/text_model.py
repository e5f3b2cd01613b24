"""The text sense of the active profile: the language first, then the classifier; the last texts are remembered.

A text that hides words has a second reading with the words put back: both are judged, and for each category the higher score
counts.

Several checks ask about the same prompt (the classifier's, the restrictions'); it is encoded once. Scores do not depend on
what is remembered, so the cache changes nothing but the time.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import LANGUAGE_UNSUPPORTED, strongest_per_category
from policies.findings import Finding
from policies.text.classifier import TextClassifier, TextScores
from policies.text.language import LanguageIdentifier
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
        self._known: OrderedDict[tuple[str, str], TextScores] = OrderedDict()
        self._lock = threading.Lock()

    def findings(self, text: NormalisedText, *, field: str, signal: str, check: str) -> Sequence[Finding]:
        """The classifier's findings on every reading of the text, renamed for the asking check. Raises `CouldNotJudge`
        (`language.unsupported`) when any passage is in a natural language that the classifier cannot read."""
        _, *decoded = readings(text.original)
        found = [finding for reading in decoded for finding in self._decoded(reading, field)]
        languages = self._unreadable(text)
        if languages and max((finding.score for finding in found), default=0.0) < DECODED_COUNTS_FROM:
            raise CouldNotJudge(LANGUAGE_UNSUPPORTED, languages)
        if not languages:
            found = [*self._scores(text).findings(field), *found]
        scored = strongest_per_category(found) if decoded else found
        return [replace(finding, signal=signal, check=check) for finding in scored]

    def _unreadable(self, text: NormalisedText) -> str:
        """The languages of passages that nobody here reads, or ""."""
        reading = self._languages.read(text.text)
        return ", ".join(sorted({passage.language for passage in reading.unsupported}))

    def _decoded(self, reading: NormalisedText, field: str) -> Sequence[Finding]:
        return () if self._unreadable(reading) else self._scores(reading).findings(field)

    def _scores(self, text: NormalisedText) -> TextScores:
        key = text.original, text.text
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        scores = self._classifier.score_normalised(text)
        with self._lock:
            self._known[key] = scores
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return scores
