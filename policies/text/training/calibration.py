"""After the fit: scores that read as probabilities, fitted on the `tune` part of the rows, which no weight has seen, and never on
the adjudicated yardstick."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from policies.taxonomy import Category
from policies.text.head import Head
from policies.text.packed import Floats
from policies.text.training.sources import Example

MIN_POSITIVES = 12
"""With fewer positives than this among the tune rows a category shares the pooled calibration."""
Bools = npt.NDArray[np.bool_]


def calibrate(head: Head, logits: Floats, examples: Sequence[Example], share: float | None = None) -> Head:
    """`head` with Platt scaling fitted on `logits` float32[n, 2k] of the tune rows `examples`, as the classifier serves them.

    With `share` in (0, 1) the rows are weighted as if that share of them were harmful: one policy document rules over networks
    whose rows differ in how many are.
    """
    benign = np.array([example.benign for example in examples])
    positive = _positive(head.categories, examples)
    known = _known(head.categories, examples) | benign[:, None]
    weights = _weights(benign, share)
    pooled = _platt(logits[known], positive[known], np.repeat(weights, known.sum(axis=1)))
    fits = [
        _platt(logits[rows, column], positive[rows, column], weights[rows])
        if positive[:, column].sum() >= MIN_POSITIVES
        else pooled
        for column, rows in enumerate(known.T)
    ]
    slope, intercept = np.array(fits, np.float32).T
    return replace(head, slope=slope.copy(), intercept=intercept.copy())


def _weights(benign: Bools, share: float | None) -> Floats:
    if share is None:
        return np.ones(len(benign), np.float32)
    harmful = share / (1 - share) * benign.sum() / max(1, (~benign).sum())
    return np.where(benign, 1.0, harmful).astype(np.float32)


def _positive(categories: Sequence[Category], examples: Sequence[Example]) -> Bools:
    """bool[n, 2k]: what applies, and what blocks."""
    return np.array(
        [[*(c in e.positive for c in categories), *(c in e.blocked for c in categories)] for e in examples]
    )


def _known(categories: Sequence[Category], examples: Sequence[Example]) -> Bools:
    """bool[n, 2k]: the labels that a harmful row settles. Another category than its own may apply unsaid."""
    own = np.array([[c in e.positive for c in categories] for e in examples])
    graded = np.array([e.graded for e in examples])
    return np.concatenate([own, own & graded[:, None]], axis=1)


def _platt(logits: Floats, positive: Bools, weights: Floats) -> tuple[float, float]:
    """Slope and intercept by logistic regression: a probability at the share of violations among the weighted rows."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=10.0).fit(logits.reshape(-1, 1), positive, weights)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
