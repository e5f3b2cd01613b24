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
HARD_SOURCES = frozenset({"overt", "xstest", "hatecheck", "openai_moderation", "written"})
"""Benign text chosen to look like a violation."""
REVIEW_BUDGET, PLAIN_REVIEW_BUDGET = 0.1, 0.01
BLOCK_BUDGET, PLAIN_BLOCK_BUDGET = 0.04, 0.003
"""Shares of benign tune rows (hard sources counted equally; plain ones pooled) that may be held, and blocked."""
MIN_POSITIVES = 12
"""With fewer positives than this among the tune rows a category shares the pooled calibration."""
LOWEST, HIGHEST = 0.1, 0.95  # the engine's ceiling for absolute categories

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
    """Thresholds per category from the calibrated `scores` float32[n, categories] of the tune rows.

    Every category gets the same false-alarm rate on the benign rows; the rate is the largest that keeps the share of benign
    rows over any threshold within the budgets.
    """
    benign = np.array([example.benign for example in examples])
    sources = np.array([example.source for example in examples])[benign]
    review = _within(scores[benign], sources, REVIEW_BUDGET, PLAIN_REVIEW_BUDGET)
    block = _within(scores[benign], sources, BLOCK_BUDGET, PLAIN_BLOCK_BUDGET)
    result = {}
    for column, category in enumerate(categories):
        low = round(float(np.clip(review[column], LOWEST, HIGHEST - 0.05)), 2)
        high = round(float(np.clip(block[column], low + 0.05, HIGHEST)), 2)
        result[category] = Thresholds(low, high)
    return result


def _within(scores: Floats, sources: npt.NDArray[np.str_], budget: float, plain_budget: float) -> Floats:
    """The lowest thresholds, all at one false-alarm rate, whose union stays within both budgets."""
    weights = _source_weights(sources)
    plain: Bools = np.asarray(np.isin(sources, sorted(PLAIN_SOURCES)), dtype=np.bool_)
    best = np.full(scores.shape[1], HIGHEST, np.float32)
    for rate in np.geomspace(0.0005, 0.05, 60):
        thresholds = np.array(
            [_weighted_quantile(column, weights, 1 - rate) for column in scores.T], np.float32
        )
        over: Bools = np.asarray((scores >= np.maximum(thresholds, LOWEST)).any(axis=1), dtype=np.bool_)
        if (over * weights).sum() > budget or over[plain].mean() > plain_budget:
            break
        best = thresholds
    return best


def _source_weights(sources: npt.NDArray[np.str_]) -> Floats:
    """Weights that sum to one, equal for every hard source and for the plain ones together."""
    groups = np.where(np.isin(sources, sorted(PLAIN_SOURCES)), "plain", sources)
    names, counts = np.unique(groups, return_counts=True)
    share = {str(name): 1.0 / (len(names) * count) for name, count in zip(names, counts, strict=True)}
    return np.array([share[str(group)] for group in groups], np.float32)


def _weighted_quantile(values: Floats, weights: Floats, quantile: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = min(int(np.searchsorted(reached, quantile * reached[-1])), len(order) - 1)
    return float(values[order[at]]) + 1e-4
