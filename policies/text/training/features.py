"""The encoder's vectors of many texts, kept on disk between runs of the training command."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from policies.text.encoder import FEATURES, Features, SentenceEncoder
from policies.text.normalise import normalise


@dataclass(frozen=True)
class EncodedRows:
    """float32 `features` [m, FEATURES] of all windows and segments; those of row i are `first[i]` to `first[i + 1]`.

    The first vector of a row is its (first) window as a whole.
    """

    features: Features
    first: tuple[int, ...]

    def of(self, row: int) -> Features:
        """The vectors of one row: its windows and segments, float32[k, FEATURES]."""
        return self.features[self.first[row] : self.first[row + 1]]


def encode_rows(
    encoder: SentenceEncoder, texts: Sequence[str], cache: Path | None, progress: Callable[[int, int], None]
) -> EncodedRows:
    """Encode every text, or read the result of an earlier run from `cache` where it holds exactly these texts."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()
    file = cache / f"features-{digest[:16]}.npz" if cache else None
    if file is not None and file.is_file():
        with np.load(file) as saved:
            return EncodedRows(saved["features"].astype(np.float32), tuple(int(i) for i in saved["first"]))
    rows = _encoded(encoder, texts, progress)
    if file is not None:
        np.savez(file, features=rows.features.astype(np.float16), first=np.array(rows.first))
        return EncodedRows(rows.features.astype(np.float16).astype(np.float32), rows.first)
    return rows


def _encoded(
    encoder: SentenceEncoder, texts: Sequence[str], progress: Callable[[int, int], None]
) -> EncodedRows:
    parts: list[Features] = []
    first = [0]
    for done, text in enumerate(texts):
        vectors = encoder.encode(normalise(text).text).features
        parts.append(vectors.astype(np.float16).astype(np.float32))
        first.append(first[-1] + len(vectors))
        progress(done + 1, len(texts))
    return EncodedRows(np.concatenate(parts) if parts else np.zeros((0, FEATURES), np.float32), tuple(first))
