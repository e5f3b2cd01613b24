"""What other thresholds would give: precision and recall, and recall against over-refusal, over one score per text.

The score is the strictest category's margin (`policies.evaluation.margin`): 0 is where the shipped thresholds stand, so
moving along a curve moves the thresholds of all categories by the same amount.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FALSE_POSITIVES = 0.01
"""Where recall is told: one benign text in a hundred is refused."""
SHOWN_POINTS = 50


@dataclass(frozen=True, slots=True)
class Point:
    """What is reached when everything with at least this `margin` is refused; shares in [0, 1]."""

    margin: float
    recall: float
    over_refusal: float
    precision: float


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` from the strictest margin to the laxest, thinned for drawing; the figures are of all of them.

    `average_precision`: the area under precision and recall, as sklearn computes it (no interpolation). `recall_at`: the
    highest recall with at most `FALSE_POSITIVES` of the benign texts refused, at the margin `margin_at`.
    """

    harmful: int
    benign: int
    average_precision: float
    recall_at: float
    margin_at: float
    points: tuple[Point, ...]


def curve_of(margins: Sequence[float], harmful: Sequence[bool]) -> Curve | None:
    """The curve of texts with these margins and labels; None unless there are both harmful and benign ones."""
    score, label = np.asarray(margins, np.float64), np.asarray(harmful, bool)
    positives, negatives = int(label.sum()), int((~label).sum())
    if not positives or not negatives:
        return None
    thresholds, hits, alarms = _counted(score, label)
    recall, refused, precision = hits / positives, alarms / negatives, hits / (hits + alarms)
    average = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    allowed = np.flatnonzero(refused <= FALSE_POSITIVES)
    at = int(allowed[-1]) if len(allowed) else -1
    points = [
        Point(*(round(float(v), 4) for v in values))
        for values in zip(thresholds, recall, refused, precision, strict=True)
    ]
    return Curve(
        harmful=positives,
        benign=negatives,
        average_precision=round(average, 4),
        recall_at=points[at].recall if at >= 0 else 0.0,
        margin_at=points[at].margin if at >= 0 else math.inf,
        points=_thinned(points),
    )


def _counted(score: Floats, label: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Each distinct score, the highest first, and how many harmful and benign texts reach it. Equal scores fall together."""
    order = np.argsort(-score, kind="stable")
    score, label = score[order], label[order]
    last = np.flatnonzero(np.append(np.diff(score) != 0, True))
    return score[last], np.cumsum(label)[last].astype(float), np.cumsum(~label)[last].astype(float)


def _thinned(points: list[Point]) -> tuple[Point, ...]:
    """At most about `SHOWN_POINTS`, those where something has moved enough to be seen."""
    kept = points[:1]
    for point in points[1:-1]:
        moved = abs(point.recall - kept[-1].recall) + abs(point.over_refusal - kept[-1].over_refusal)
        if moved >= 2 / SHOWN_POINTS:
            kept.append(point)
    return (*kept, *points[1:][-1:])
