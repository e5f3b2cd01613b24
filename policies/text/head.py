"""The trained part of the text classifier: small networks over the encoder's vectors, and their calibration.

Inference is plain numpy on weights read from one npz file, so that what ships can be read, hashed and replaced.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from policies.taxonomy import Category
from policies.text.encoder import FEATURES, Features

FORMAT = 1
CLIP = 6.0
"""Standardised features are clipped to this many deviations: one odd unit cannot decide."""

Floats = npt.NDArray[np.float32]


class WeightsUnreadable(ValueError):
    """The weights file is not what this version writes. Train again, or use the file that ships."""

    code = "text.weights_unreadable"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"text classifier weights {path}: {problem}; train again or restore the shipped file"
        )


@dataclass(frozen=True)
class Head:
    """An ensemble of one-hidden-layer networks.

    Shapes: `mean`, `deviation` float32[FEATURES]; `hidden` float32[nets, FEATURES, units], `hidden_bias` [nets, units];
    `out` [nets, units, categories], `out_bias` [nets, categories]; `slope`, `intercept` [categories] (Platt scaling).
    """

    categories: tuple[Category, ...]
    mean: Floats
    deviation: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats
    slope: Floats
    intercept: Floats
    revision: str = ""

    def logits(self, features: Features) -> Floats:
        """float32[n, categories] for `features` float32[n, FEATURES]: the mean over the networks, not calibrated."""
        standard = np.clip((features - self.mean) / self.deviation, -CLIP, CLIP)
        total = np.zeros((len(features), len(self.categories)), np.float32)
        for net in range(len(self.hidden)):
            units = np.maximum(standard @ self.hidden[net] + self.hidden_bias[net], 0.0)
            total += units @ self.out[net] + self.out_bias[net]
        return total / np.float32(len(self.hidden))

    def calibrated(self, logits: Floats) -> Floats:
        """Probabilities in [0, 1], float32[n, categories], of `logits` float32[n, categories]."""
        odds = np.exp(-np.clip(logits * self.slope + self.intercept, -30.0, 30.0))
        return np.asarray(1.0 / (1.0 + odds), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write the weights as float16, the standardisation and calibration as float32."""
        np.savez_compressed(
            path,
            format=np.array(FORMAT),
            categories=np.array([category.value for category in self.categories]),
            mean=self.mean,
            deviation=self.deviation,
            slope=self.slope,
            intercept=self.intercept,
            hidden=self.hidden.astype(np.float16),
            hidden_bias=self.hidden_bias.astype(np.float16),
            out=self.out.astype(np.float16),
            out_bias=self.out_bias.astype(np.float16),
        )


def load_head(path: Path) -> Head:
    """The head in the file `path`; its revision is the hash of the file's bytes. Raises WeightsUnreadable."""
    data = path.read_bytes()
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if int(arrays.pop("format")) != FORMAT:
            raise WeightsUnreadable(path, f"written in another format than {FORMAT}")
        categories = tuple(Category(str(name)) for name in arrays.pop("categories"))
        numbers = {name: array.astype(np.float32) for name, array in arrays.items()}
        head = Head(
            categories=categories, revision=f"sha256:{hashlib.sha256(data).hexdigest()[:12]}", **numbers
        )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, WeightsUnreadable):
            raise
        raise WeightsUnreadable(path, f"not an archive of weights ({error})") from error
    if head.mean.shape != (FEATURES,) or head.slope.shape != (len(categories),):
        raise WeightsUnreadable(path, f"made for {head.mean.shape[0]} features, the encoder gives {FEATURES}")
    return head
