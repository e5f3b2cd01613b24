"""Measuring the bars on judged rows: each bar's figures with their intervals, and whether they are met."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from policies.evaluation.bars import AT_MOST, Bar, Figure
from policies.evaluation.bootstrap import SEED, Interval
from policies.evaluation.curves import Curve, curve_of
from policies.evaluation.evaluate import Judged, Slice, scored_of, slice_of
from policies.evaluation.intervals import Share
from policies.evaluation.wrong import Wrong, wrong_of
from policies.taxonomy import Verdict

DRAWS = 500
MET, MISSED, NOT_MEASURED = "met", "missed", "not measured"


@dataclass(frozen=True, slots=True)
class Reached:
    """One figure of a bar. `shown` has the counts and the interval; `clustered` the bootstrap's, where rows share clusters."""

    figure: Figure
    goal: float
    value: float | None
    n: int
    interval: Interval | None
    clustered: Interval | None
    shown: str

    @property
    def standing(self) -> str:
        """Met, missed or not measured, by the value; the interval says how sure that is."""
        if self.value is None:
            return NOT_MEASURED
        good = self.value <= self.goal if self.figure in AT_MOST else self.value >= self.goal
        return MET if good else MISSED


@dataclass(frozen=True, slots=True)
class BarResult:
    """A bar with what was reached, where it goes wrong, all its figures, and the curves of the gate and of the text score."""

    bar: Bar
    reached: tuple[Reached, ...]
    wrong: tuple[Wrong, ...]
    slice: Slice
    gate: Curve | None
    text: Curve | None


def measure(bar: Bar, found: Sequence[Judged]) -> BarResult:
    """The bar over those of the judged rows that belong to it."""
    mine = [_counted(bar, one) for one in found if _belongs(bar, one)]
    part, scored = slice_of(bar.title, mine), scored_of(bar.title, mine)
    reached = tuple(_reached(figure, goal, part, scored.text, mine) for figure, goal in bar.goals.items())
    return BarResult(bar, reached, wrong_of(bar, mine), part, scored.gate, scored.text)


def _belongs(bar: Bar, one: Judged) -> bool:
    return one.row.source in bar.sources and (bar.languages is None or one.row.language in bar.languages)


def _counted(bar: Bar, one: Judged) -> Judged:
    """With the bar's category asked for, a harmful row that was refused for something else was not recognised."""
    named = {category.value for category in one.outcome.categories}
    if bar.category is None or not one.row.wanted.refused or bar.category in named:
        return one
    return Judged(one.row, replace(one.outcome, verdict=Verdict.ALLOW))


def _reached(
    figure: Figure, goal: float, part: Slice, text: Curve | None, found: Sequence[Judged]
) -> Reached:
    if figure == "average_precision":
        return _average_precision(goal, text, found)
    share: Share = getattr(part, figure)
    clustered = {"recall": part.recall_clustered, "over_refusal": part.over_refusal_clustered}.get(figure)
    measured = share.n > 0
    value, interval = (share.value, share.interval) if measured else (None, None)
    return Reached(figure, goal, value, share.n, interval, clustered, str(share))


def _average_precision(goal: float, curve: Curve | None, found: Sequence[Judged]) -> Reached:
    if curve is None:
        return Reached("average_precision", goal, None, 0, None, None, "no rows")
    n, interval = curve.harmful + curve.benign, average_precision_interval(found)
    shown = f"{curve.average_precision:.3f} ({curve.harmful} harmful, {curve.benign} benign"
    shown += f"; {interval[0]:.3f}–{interval[1]:.3f})" if interval else ")"
    return Reached("average_precision", goal, curve.average_precision, n, None, interval, shown)


def average_precision_interval(
    found: Sequence[Judged], *, seed: int = SEED, draws: int = DRAWS
) -> Interval | None:
    """The 2.5 and 97.5 percentiles of the average precision over redrawn clusters; None without two kinds of rows."""
    clusters: dict[str, list[tuple[float, bool]]] = {}
    for one in found:
        margin = one.outcome.text_margin
        if one.row.wanted.settled and margin is not None:
            clusters.setdefault(one.row.cluster or one.row.id, []).append((margin, one.row.wanted.refused))
    groups, generator = list(clusters.values()), np.random.default_rng(seed)
    values = []
    for _ in range(draws if groups else 0):
        drawn = [
            pair for number in generator.integers(0, len(groups), len(groups)) for pair in groups[number]
        ]
        curve = curve_of([score for score, _ in drawn], [label for _, label in drawn])
        values += [curve.average_precision] if curve else []
    if not values:
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
