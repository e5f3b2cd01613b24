"""After the fit: scores that read as probabilities, and thresholds that keep over-refusal within the policy's budget.

Both are chosen on the `tune` part of the rows, which no weight has seen, and never on the adjudicated yardstick.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from policies.taxonomy import Category
from policies.text.head import Floats, Head
from policies.text.training.sources import Example

PLAIN_SOURCES = frozenset({"vbench", "partiprompts", "coco_captions10k"})
"""Everyday prompts: refusing these is the costliest fault."""
REVIEW_BUDGET, PLAIN_REVIEW_BUDGET = 0.035, 0.005
BLOCK_BUDGET, PLAIN_BLOCK_BUDGET = 0.015, 0.002
"""Shares of the benign tune rows, and of the plain ones among them, that may reach review, and block."""
MIN_POSITIVES = 12
"""With fewer positives than this among the tune rows a category shares the pooled calibration."""
LOWEST, HIGHEST = 0.1, 0.95  # the engine lets no absolute category block later than .95

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The scores from which a category is a review and a block, rounded to two decimals; block > review."""

    review: float
    block: float


def calibrate(head: Head, logits: Floats, examples: Sequence[Example]) -> Head:
    """`head` with Platt scaling fitted on `logits` float32[n, categories] of the tune rows `examples`."""
    from sklearn.linear_model import LogisticRegression

    benign = np.array([example.benign for example in examples])
    slopes, intercepts = [], []
    pooled = _pooled_fit(head, logits, examples, benign, LogisticRegression)
    for column, category in enumerate(head.categories):
        positive = np.array([category in example.positive for example in examples])
        if positive.sum() < MIN_POSITIVES:
            slope, intercept = pooled
        else:
            known = benign | positive
            slope, intercept = _platt(logits[known, column], positive[known], LogisticRegression)
        slopes.append(slope)
        intercepts.append(intercept)
    return replace(head, slope=np.array(slopes, np.float32), intercept=np.array(intercepts, np.float32))


def _pooled_fit(
    head: Head, logits: Floats, examples: Sequence[Example], benign: Bools, model: type
) -> tuple[float, float]:
    values, labels = [logits[benign].ravel()], [np.zeros(int(benign.sum()) * len(head.categories), bool)]
    for column, category in enumerate(head.categories):
        positive = np.array([category in example.positive for example in examples])
        values.append(logits[positive, column])
        labels.append(np.ones(int(positive.sum()), bool))
    return _platt(np.concatenate(values), np.concatenate(labels), model)


def _platt(logits: Floats, positive: Bools, model: type) -> tuple[float, float]:
    """Slope and intercept by logistic regression: a probability at the share of violations among the tune rows."""
    fitted = model(C=10.0).fit(logits.reshape(-1, 1), positive)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def choose_thresholds(
    categories: Sequence[Category], scores: Floats, examples: Sequence[Example]
) -> Mapping[Category, Thresholds]:
    """Thresholds from the calibrated `scores` float32[n, categories] of the tune rows.

    The scores are calibrated, so one probability serves every category (for a given over-refusal no other set of
    thresholds finds more): the lowest, in steps of .05, that keeps both shares of benign rows within their budgets.
    """
    benign = np.array([example.benign for example in examples])
    plain = np.array([example.source in PLAIN_SOURCES for example in examples])[benign]
    highest = scores[benign].max(axis=1)
    review = _lowest(highest, plain, REVIEW_BUDGET, PLAIN_REVIEW_BUDGET)
    block = max(_lowest(highest, plain, BLOCK_BUDGET, PLAIN_BLOCK_BUDGET), round(review + 0.05, 2))
    return {category: Thresholds(review, block) for category in categories}


def _lowest(highest: Floats, plain: Bools, budget: float, plain_budget: float) -> float:
    for step in range(round(LOWEST * 20), round(HIGHEST * 20)):
        over = highest >= step / 20
        if over.mean() <= budget and over[plain].sum() <= plain_budget * plain.sum():
            return step / 20
    return HIGHEST - 0.05
