"""Measure a judge on labelled rows: recall, block recall and over-refusal, per source, category, language and attack.

Sources are never pooled into one figure: their sizes are accidents. What could not be judged is never counted as right: it
was not recognised when it is harmful, it was refused when it is benign, and it has its own column.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from policies.evaluation.bootstrap import SEED, Interval, cluster_interval
from policies.evaluation.calibration import Calibration, calibration_of
from policies.evaluation.curves import Curve, curve_of
from policies.evaluation.intervals import Share
from policies.evaluation.labels import categories_of
from policies.evaluation.rows import LabelledRow, Wanted
from policies.taxonomy import Category, Verdict

Judge = Callable[[Sequence[LabelledRow]], Sequence["Outcome"]]
"""Gives one outcome per row, in order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the judge said of one row.

    `unjudged`: it was held only because something could not be judged. `margin` and `text_margin` in [-1, 1]: how far the
    strictest category lies beyond its threshold of review, with facts and without (`policies.evaluation.margin`), None where
    unjudged or unknown; `probability` in [0, 1]: the classifier's highest.
    """

    verdict: Verdict
    categories: frozenset[Category] = frozenset()
    unjudged: bool = False
    margin: float | None = None
    text_margin: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """The figures of one group of rows.

    `recall`: of rows that must not pass, those recognised: judged, and not allowed. `block_recall`: of rows that must be
    blocked, those blocked. `over_refusal`: of rows that must pass, those not allowed, for whatever cause. `over_block`: of
    the same, those blocked. `…_clustered`: the bootstrap's interval where rows share clusters, else None. `clusters`: how
    many there are among the settled rows.
    """

    name: str
    recall: Share
    block_recall: Share
    over_refusal: Share
    over_block: Share
    unjudged: Share
    unsettled: int
    clusters: int = 0
    recall_clustered: Interval | None = None
    over_refusal_clustered: Interval | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row whose verdict its label contradicts."""

    row: LabelledRow
    outcome: Outcome

    @property
    def margin(self) -> float:
        """How wrong it is: misses far below the threshold and false alarms far above it are the worst."""
        return abs(self.outcome.margin or 0.0)


@dataclass(frozen=True, slots=True)
class Scored:
    """What one source's rows would get at other thresholds, and whether the classifier's scores read as probabilities.

    `gate`: by the gate's margin, facts included, which no threshold moves. `text`: by the text's own.
    """

    name: str
    gate: Curve | None
    text: Curve | None
    calibration: Calibration | None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures by source, by labelled category, by language and by attack, and every mistake, in the order of the rows."""

    by_source: tuple[Slice, ...]
    by_category: tuple[Slice, ...]
    by_language: tuple[Slice, ...]
    by_attack: tuple[Slice, ...]
    scored: tuple[Scored, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what was said of it."""

    row: LabelledRow
    outcome: Outcome


def judged(rows: Iterable[LabelledRow], judge: Judge) -> tuple[Judged, ...]:
    """Judge all rows. Raises ValueError when the judge gives another number of outcomes than rows."""
    listed = list(rows)
    outcomes = judge(listed)
    if len(outcomes) != len(listed):
        raise ValueError(f"the judge must give one outcome per row, got {len(outcomes)} for {len(listed)}")
    return tuple(map(Judged, listed, outcomes))


def evaluate(rows: Iterable[LabelledRow], judge: Judge, *, seed: int = SEED) -> Report:
    """Judge all rows and measure. Raises ValueError when the judge gives another number of outcomes than rows."""
    return report_of(judged(rows, judge), seed=seed)


def report_of(found: Sequence[Judged], *, seed: int = SEED) -> Report:
    """Measure what was judged."""
    sliced = partial(_slices, found, seed=seed)
    return Report(
        by_source=sliced(lambda row: (row.source,)),
        by_category=sliced(categories_of),
        by_language=sliced(lambda row: (f"{row.source}, {row.language}",) if row.language else ()),
        by_attack=sliced(lambda row: (f"{row.source}, {row.attack}",) if row.attack else ()),
        scored=_scored(found),
        mistakes=tuple(Mistake(one.row, one.outcome) for one in found if _wrong(one)),
    )


def _grouped(
    found: Sequence[Judged], key: Callable[[LabelledRow], tuple[str, ...]]
) -> dict[str, list[Judged]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in found:
        for name in key(one.row):
            groups[name].append(one)
    return {name: groups[name] for name in sorted(groups)}


def _slices(
    found: Sequence[Judged], key: Callable[[LabelledRow], tuple[str, ...]], *, seed: int
) -> tuple[Slice, ...]:
    return tuple(slice_of(name, rows, seed=seed) for name, rows in _grouped(found, key).items())


def slice_of(name: str, found: Sequence[Judged], *, seed: int = SEED) -> Slice:
    """The figures of these rows."""
    refused = [one for one in found if one.row.wanted.refused]
    blocked = [one for one in found if one.row.wanted is Wanted.BLOCK]
    allowed = [one for one in found if one.row.wanted is Wanted.ALLOW]
    return Slice(
        name=name,
        recall=_share(refused, recognised),
        block_recall=_share(blocked, _blocked),
        over_refusal=_share(allowed, _refused),
        over_block=_share(allowed, _blocked),
        unjudged=_share(found, lambda one: one.outcome.unjudged),
        unsettled=sum(not one.row.wanted.settled for one in found),
        clusters=len({one.row.cluster or one.row.id for one in found if one.row.wanted.settled}),
        recall_clustered=cluster_interval(((one.row.cluster, recognised(one)) for one in refused), seed=seed),
        over_refusal_clustered=cluster_interval(
            ((one.row.cluster, _refused(one)) for one in allowed), seed=seed
        ),
    )


def recognised(one: Judged) -> bool:
    """Whether the text was not allowed, and for what it says."""
    return _refused(one) and not one.outcome.unjudged


def _refused(one: Judged) -> bool:
    return one.outcome.verdict is not Verdict.ALLOW


def _blocked(one: Judged) -> bool:
    return one.outcome.verdict is Verdict.BLOCK and not one.outcome.unjudged


def _share(found: Sequence[Judged], hit: Callable[[Judged], bool]) -> Share:
    return Share(sum(map(hit, found)), len(found))


def _wrong(one: Judged) -> bool:
    if one.row.wanted.refused:
        return not recognised(one)
    return one.row.wanted is Wanted.ALLOW and _refused(one)


def _scored(found: Sequence[Judged]) -> tuple[Scored, ...]:
    groups = _grouped(found, lambda row: (row.source,))
    scored = (scored_of(name, rows) for name, rows in groups.items())
    return tuple(one for one in scored if one.gate is not None)


def scored_of(name: str, found: Sequence[Judged]) -> Scored:
    """The curve and the calibration of the rows that are settled and judged."""
    settled = [one for one in found if one.row.wanted.settled]
    return Scored(
        name,
        curve_of(*_known(settled, lambda outcome: outcome.margin)),
        curve_of(*_known(settled, lambda outcome: outcome.text_margin)),
        calibration_of(*_known(settled, lambda outcome: None if outcome.unjudged else outcome.probability)),
    )


def _known(
    found: Sequence[Judged], score: Callable[[Outcome], float | None]
) -> tuple[list[float], list[bool]]:
    """The scores that there are, and for each whether the text must not pass."""
    pairs = [(value, one.row.wanted.refused) for one in found if (value := score(one.outcome)) is not None]
    return [value for value, _ in pairs], [harmful for _, harmful in pairs]


def as_table(slices: Sequence[Slice], first_column: str) -> str:
    """The slices as a Markdown table."""
    head = f"| {first_column} | recall (not allowed) | block recall | over-refusal | over-block | could not judge |"
    lines = [head, "|---|---|---|---|---|---|"]
    for part in slices:
        cells = (part.recall, part.block_recall, part.over_refusal, part.over_block, part.unjudged)
        lines.append(f"| {part.name} | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"
