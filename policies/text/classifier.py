"""The text classifier: probabilities over the taxonomy, and for each the sentence that earned it.

A text is normalised, cut into windows and sentences, encoded and scored; a category's probability is the highest among
them. Scores are rounded to four decimals here, and each text is computed by itself: the same text gets the same scores
alone or in any batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from policies.findings import SCORE_DECIMALS, Finding, TextSpan
from policies.taxonomy import Category
from policies.text.encoder import RUNTIME, SentenceEncoder
from policies.text.head import Head, load_head
from policies.text.normalise import NormalisedText, normalise

SHIPPED_WEIGHTS = Path(__file__).parent / "weights" / "head.npz"
CHECK = "text.classifier"
FINDING_FLOOR = 0.05
"""Scores below this are no evidence and make no finding; no shipped threshold is as low."""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """A calibrated probability in [0, 1], and the range of the original text (half-open) that scored highest."""

    score: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TextScores:
    """The scores of one text, in the taxonomy's order; empty for a text without a single word piece."""

    scores: Mapping[Category, CategoryScore]
    revision: str

    def findings(self, field: str, *, floor: float = FINDING_FLOOR) -> tuple[Finding, ...]:
        """One finding per category that reaches `floor`, about the input field `field`, signal `text.classifier`."""
        return tuple(
            Finding(
                category=category,
                signal="text.classifier",
                score=found.score,
                where=TextSpan(field, found.start, found.end),
                check=CHECK,
                revision=self.revision,
            )
            for category, found in self.scores.items()
            if found.score >= floor
        )


class TextClassifier:
    """Scores English text with MiniLM from `encoder` (a transformers folder) and the trained head in `weights`.

    Both are loaded when first needed. Safe to share between threads.
    """

    def __init__(self, encoder: Path, weights: Path = SHIPPED_WEIGHTS) -> None:
        self._encoder = SentenceEncoder(encoder)
        self._weights = weights

    @cached_property
    def _head(self) -> Head:
        return load_head(self._weights)

    @property
    def revision(self) -> str:
        """Which weights score, and what runs the encoder: part of every decision. Reads the weights file."""
        return f"minilm-head {self._head.revision} {RUNTIME}"

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """The scores of each text, in order.

        Raises TextTooLong when a text exceeds the encoder's bound, FileNotFoundError when the encoder is missing,
        WeightsUnreadable when the weights are damaged: the caller reports "could not judge".
        """
        return [self.score_normalised(normalise(text)) for text in texts]

    def score_normalised(self, text: NormalisedText) -> TextScores:
        """The scores of a text that is normalised already; the spans are those of its original."""
        head = self._head
        encoded = self._encoder.encode(text.text)
        if not encoded.spans:
            return TextScores({}, self.revision)
        probabilities = head.calibrated(head.logits(encoded.features))
        best = probabilities.argmax(axis=0)
        scores = {}
        for column, category in enumerate(head.categories):
            start, end = text.original_span(*encoded.spans[best[column]])
            score = round(float(probabilities[best[column], column]), SCORE_DECIMALS)
            scores[category] = CategoryScore(score, start, end)
        return TextScores(scores, self.revision)
