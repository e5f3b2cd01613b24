"""Whether the probabilities mean what they say: of the texts scored 0.7, seven in ten should be harmful.

The probability is the highest of any category. A source whose share of harmful texts is an accident of its making is
calibrated to that accident at best: read the bins, not the single figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Texts with a probability in [low, high): how many, their mean probability, and the share that is harmful."""

    low: float
    high: float
    n: int
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """`error`: the expected calibration error over equal-width bins (Naeini et al. 2015). `brier`: mean squared error."""

    n: int
    error: float
    brier: float
    bins: tuple[Bin, ...]


def calibration_of(probabilities: Sequence[float], harmful: Sequence[bool]) -> Calibration | None:
    """The calibration of texts with these probabilities in [0, 1]; None for no texts."""
    p, label = np.asarray(probabilities, np.float64), np.asarray(harmful, np.float64)
    if not len(p):
        return None
    index = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = tuple(
        Bin(
            number / BINS,
            (number + 1) / BINS,
            int(inside.sum()),
            round(float(p[inside].mean()), 4),
            round(float(label[inside].mean()), 4),
        )
        for number in range(BINS)
        if (inside := index == number).any()
    )
    error = sum(
        found.n * abs(p[index == _number(found)].mean() - label[index == _number(found)].mean())
        for found in bins
    )
    return Calibration(
        len(p), round(float(error) / len(p), 4), round(float(np.mean((p - label) ** 2)), 4), bins
    )


def _number(found: Bin) -> int:
    return round(found.low * BINS)
