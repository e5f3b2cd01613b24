"""The text sense of the active profile: the language first, then the classifier; the last texts are remembered.

Several checks ask about the same prompt (the classifier's, the restrictions'); it is encoded once. Scores do not depend on
what is remembered, so the cache changes nothing but the time.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import LANGUAGE_UNSUPPORTED
from policies.findings import Finding
from policies.text.classifier import TextClassifier, TextScores
from policies.text.language import LanguageIdentifier
from policies.text.normalise import NormalisedText

REMEMBERED = 256


class ActiveTextModel:
    """Implements `TextModel`. Safe to share between threads."""

    def __init__(self, languages: LanguageIdentifier, classifier: TextClassifier) -> None:
        self._languages = languages
        self._classifier = classifier
        self._known: OrderedDict[str, TextScores] = OrderedDict()
        self._lock = threading.Lock()

    def findings(self, text: NormalisedText, *, field: str, signal: str, check: str) -> Sequence[Finding]:
        """The classifier's findings, renamed for the asking check. Raises `CouldNotJudge` (`language.unsupported`) when any
        passage is in a natural language that the classifier cannot read."""
        reading = self._languages.read(text.text)
        if not reading.supported:
            languages = ", ".join(sorted({passage.language for passage in reading.unsupported}))
            raise CouldNotJudge(LANGUAGE_UNSUPPORTED, languages)
        scored = self._scores(text).findings(field)
        return [replace(finding, signal=signal, check=check) for finding in scored]

    def _scores(self, text: NormalisedText) -> TextScores:
        with self._lock:
            known = self._known.get(text.original)
            if known is not None:
                self._known.move_to_end(text.original)
                return known
        scores = self._classifier.score_normalised(text)
        with self._lock:
            self._known[text.original] = scores
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return scores
