"""The text classifier: how severe a text is in each category of the taxonomy, and for each the sentence that earned it.

A fine-tuned MiniLM and a fine-tuned multilingual encoder (trained twice) read English together, the latter reads the other
languages. A text is normalised, cut into windows and sentences, encoded and scored; what counts is the highest among them.
Scores are rounded to four decimals here, and each text is computed by itself: the same text gets the same scores alone or in any
batch.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np

from policies.findings import SCORE_DECIMALS, Finding, TextSpan
from policies.taxonomy import Category
from policies.text import multilingual_encoder
from policies.text.encoder import FEATURES, RUNTIME, EncodedText, SentenceEncoder
from policies.text.head import Head, read_head
from policies.text.multilingual_encoder import MultilingualEncoder
from policies.text.normalise import NormalisedText, normalise
from policies.text.packed import Floats, Packed

SHIPPED = Path(__file__).parent / "weights"
ENGLISH_WEIGHTS, TOKENIZER = "english.npz", "tokenizer.json"
MULTILINGUAL_WEIGHTS = ("multilingual-1.npz", "multilingual-2.npz")
"""Two runs of one training that differ in the order of the rows and in how they began."""
CHECK = "text.classifier"
FINDING_FLOOR = 0.05
"""Scores below this are no evidence and make no finding; no shipped threshold is as low."""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """An expected severity in [0, 1] (`head.py`), and the range of the original text (half-open) that scored highest."""

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


def weights_revision(folder: Path = SHIPPED) -> str:
    """What pins the weights in `folder` and what runs them, without loading them."""
    hashes = (
        sha256((folder / name).read_bytes()).hexdigest()[:12]
        for name in (ENGLISH_WEIGHTS, *MULTILINGUAL_WEIGHTS, TOKENIZER)
    )
    return f"text:{'-'.join(hashes)}+{RUNTIME}"


class _Encoder(Protocol):
    def encode(self, text: str) -> EncodedText: ...


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest logits float32[2k] among the windows and sentences of a text, and where each "applies" was so (k ranges)."""

    logits: Floats
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Network:
    """One encoder with the head on top of it. `revision` names the weights and what runs them."""

    encoder: _Encoder
    head: Head
    revision: str

    def peaks(self, text: str) -> Peaks | None:
        """Of a normalised text; None when it has no word piece."""
        encoded = self.encoder.encode(text)
        if not encoded.spans:
            return None
        logits = self.head.logits(encoded.features)
        where = logits[:, : len(self.head.categories)].argmax(axis=0)
        return Peaks(logits.max(axis=0), tuple(encoded.spans[row] for row in where))


@dataclass(frozen=True)
class Reader:
    """Networks that read a text together: the mean of their highest logits by their `shares`, calibrated as the first one's head
    says.

    Networks that were trained apart err apart (Hansen and Salamon 1990). The evidence points where the first one saw it.
    """

    networks: tuple[Network, ...]
    shares: tuple[float, ...]

    @property
    def head(self) -> Head:
        """Whose calibration counts."""
        return self.networks[0].head

    @property
    def revision(self) -> str:
        """Names every network."""
        return "+".join(network.revision for network in self.networks)

    def peaks(self, text: str) -> Peaks | None:
        """The highest logits of the networks that read something, together; None when none does."""
        read = [
            (network.peaks(text), share) for network, share in zip(self.networks, self.shares, strict=True)
        ]
        found = [(peaks, share) for peaks, share in read if peaks is not None]
        if not found:
            return None
        logits = np.average(
            [peaks.logits for peaks, _ in found], axis=0, weights=[share for _, share in found]
        )
        return Peaks(logits.astype(np.float32), found[0][0].spans)

    def scores(self, text: NormalisedText) -> TextScores:
        """The severity of each category."""
        peaks = self.peaks(text.text)
        if peaks is None:
            return TextScores({}, self.revision)
        (severity,) = self.head.severity(peaks.logits[None])
        scores = {
            category: CategoryScore(round(float(found), SCORE_DECIMALS), *text.original_span(*span))
            for category, found, span in zip(self.head.categories, severity, peaks.spans, strict=True)
        }
        return TextScores(scores, self.revision)


def english_network(folder: Path) -> Network:
    """The English network in `folder`. Raises FileNotFoundError and WeightsUnreadable."""
    file = Packed(folder / ENGLISH_WEIGHTS)
    encoder = SentenceEncoder(file, folder / TOKENIZER)
    return Network(encoder, read_head(file, FEATURES), f"english {file.revision} {RUNTIME}")


def multilingual_network(path: Path) -> Network:
    """The multilingual network in the file `path`. Raises FileNotFoundError and WeightsUnreadable."""
    file = Packed(path)
    head = read_head(file, multilingual_encoder.FEATURES)
    return Network(MultilingualEncoder(file), head, f"multilingual {file.revision}")


def readers(folder: Path) -> tuple[Reader, Reader]:
    """Who reads English, and who the other languages. Raises FileNotFoundError and WeightsUnreadable."""
    others = tuple(multilingual_network(folder / name) for name in MULTILINGUAL_WEIGHTS)
    share = 1 / len(others)
    english = Reader((english_network(folder), *others), (1.0, *(share for _ in others)))
    return english, Reader(others, tuple(share for _ in others))


class TextClassifier:
    """Scores text with the weights in `folder`, loaded when they are first needed. Safe to share between threads."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @cached_property
    def _readers(self) -> tuple[Reader, Reader]:
        return readers(self._folder)

    @property
    def revision(self) -> str:
        """Which weights score, and what runs them: part of every decision. Reads the weights files."""
        return self._reader(english=True).revision

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """The scores of each English text, in order.

        Raises TextTooLong when a text exceeds the encoder's bound, FileNotFoundError when the weights are missing,
        WeightsUnreadable when they are damaged: the caller reports "could not judge".
        """
        return [self.score_normalised(normalise(text)) for text in texts]

    def score_normalised(self, text: NormalisedText, *, english: bool = True) -> TextScores:
        """The scores of a text that is normalised already, in English or in another supported language; the spans are those of
        its original."""
        return self._reader(english=english).scores(text)

    def _reader(self, *, english: bool) -> Reader:
        with self._lock:
            return self._readers[0 if english else 1]
