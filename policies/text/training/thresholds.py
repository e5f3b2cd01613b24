"""Thresholds for the policy document: one pair for all categories first, then each category by itself within a narrow band.

Chosen on the English `tune` rows, which no weight has seen, and never on the adjudicated yardstick. The scores are calibrated, so
one value for all categories is nearly the best there is; what a category gains beyond that must not cost the budget.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from policies.taxonomy import Category
from policies.text.packed import Floats
from policies.text.training.sources import Example

PLAIN_SOURCES = frozenset({"vbench", "partiprompts", "coco_captions10k"})
"""Everyday prompts: refusing these is the costliest fault."""
LOADED_SOURCES = frozenset({"overt", "xstest"})
"""Requests that only sound harmful."""
LOWEST, HIGHEST = 0.1, 0.95  # the engine lets no absolute category block later than .95
STEP = 0.05
CERTAIN_REVIEW = 0.5
"""The severity of what surely is a review and no block: no category blocks as early."""
BAND = (-0.05, 0.0, 0.05)
"""How far a category may lie from the common threshold: a category has a few dozen rows, which carry no wider choice. Twice the
band gains nothing on the tune rows together and moves single categories from one training to the next."""
PRICE = 1.5
"""How many points of recall a point of benign rows held outweighs: more requests are benign than not."""
ROUNDS = 2

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Budget:
    """The shares of plain and of loaded benign rows that may reach a verdict."""

    plain: float
    loaded: float


REVIEW, BLOCK = Budget(plain=0.005, loaded=0.05), Budget(plain=0.0015, loaded=0.015)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The scores from which a category is a review and a block, rounded to two decimals; block > review."""

    review: float
    block: float


def choose_thresholds(
    categories: Sequence[Category], scores: Floats, examples: Sequence[Example]
) -> Mapping[Category, Thresholds]:
    """Thresholds from the calibrated `scores` float32[n, k] of the tune rows."""
    rows = _Rows(scores, examples)
    harmful = np.array([not example.benign for example in examples])
    blocked = np.array([bool(example.blocked) for example in examples])
    review = rows.limits(REVIEW, harmful, LOWEST)
    block = rows.limits(BLOCK, blocked, round(max(float(review.max()), CERTAIN_REVIEW) + STEP, 2))
    return {
        category: Thresholds(round(float(low), 2), round(float(high), 2))
        for category, low, high in zip(categories, review, block, strict=True)
    }


class _Rows:
    def __init__(self, scores: Floats, examples: Sequence[Example]) -> None:
        self._scores = scores
        self._benign = np.array([example.benign for example in examples])
        self._plain = self._benign & [example.source in PLAIN_SOURCES for example in examples]
        self._loaded = self._benign & [example.source in LOADED_SOURCES for example in examples]

    def limits(self, budget: Budget, wanted: Bools, lowest: float) -> Floats:
        """float32[k]: from which score each category counts, so that most of the `wanted` rows do."""
        common = self._common(budget, lowest)
        values = [value for step in BAND if lowest <= (value := round(common + step, 2)) <= HIGHEST]
        found = np.full(self._scores.shape[1], common, np.float32)
        for _ in range(ROUNDS):
            for column in range(len(found)):
                tried = [_with(found, column, value) for value in values]
                kept = [limits for limits in tried if self._keeps(budget, limits)]
                found = max([found, *kept], key=lambda limits: self._worth(limits, wanted))
        return found

    def _common(self, budget: Budget, lowest: float) -> float:
        for step in range(round(lowest / STEP), round(HIGHEST / STEP) - 1):
            if self._keeps(budget, np.full(self._scores.shape[1], step * STEP, np.float32)):
                return round(step * STEP, 2)
        return max(lowest, HIGHEST - STEP)

    def _keeps(self, budget: Budget, limits: Floats) -> bool:
        over = self._over(limits)
        shares = ((self._plain, budget.plain), (self._loaded, budget.loaded))
        return all(over[rows].sum() <= share * rows.sum() for rows, share in shares)

    def _worth(self, limits: Floats, wanted: Bools) -> float:
        over = self._over(limits)
        return _mean(over[wanted]) - PRICE * _mean(over[self._benign])

    def _over(self, limits: Floats) -> Bools:
        return np.asarray((self._scores >= limits - 1e-6).any(axis=1))


def _mean(over: Bools) -> float:
    return float(over.sum()) / max(1, len(over))


def _with(limits: Floats, column: int, value: float) -> Floats:
    found = limits.copy()
    found[column] = value
    return found
