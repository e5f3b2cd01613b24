"""Measure a judge on labelled rows: recall, block recall and over-refusal, per source and per category.

Sources are never pooled into one figure: their sizes are accidents. Every share carries its Wilson interval.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from policies.evaluation.intervals import Share
from policies.evaluation.rows import LabelledRow, Wanted
from policies.taxonomy import Category, Verdict

Judge = Callable[[Sequence[LabelledRow]], Sequence["Outcome"]]
"""Gives one outcome per row, in order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the judge said of one row. `unjudged`: it could not judge, so its review says nothing of the content."""

    verdict: Verdict
    categories: frozenset[Category] = frozenset()
    unjudged: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """The figures of one group of rows.

    `recall`: of rows that must not pass, those not allowed. `block_recall`: of rows that must be blocked, those blocked.
    `over_refusal`: of rows that must pass, those not allowed. `over_block`: of the same, those blocked.
    """

    name: str
    recall: Share
    block_recall: Share
    over_refusal: Share
    over_block: Share
    unjudged: Share
    unsettled: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row whose verdict its label contradicts."""

    row: LabelledRow
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Report:
    """The figures by source and by labelled category, and every mistake, in the order of the rows."""

    by_source: tuple[Slice, ...]
    by_category: tuple[Slice, ...]
    mistakes: tuple[Mistake, ...]


def evaluate(rows: Iterable[LabelledRow], judge: Judge) -> Report:
    """Judge all rows and measure. Raises ValueError when the judge gives another number of outcomes than rows."""
    listed = list(rows)
    outcomes = judge(listed)
    if len(outcomes) != len(listed):
        raise ValueError(f"the judge must give one outcome per row, got {len(outcomes)} for {len(listed)}")
    pairs = list(zip(listed, outcomes, strict=True))
    return Report(
        by_source=_slices(pairs, lambda row: (row.source,)),
        by_category=_slices(pairs, _categories),
        mistakes=tuple(Mistake(row, outcome) for row, outcome in pairs if _wrong(row, outcome)),
    )


_Pair = tuple[LabelledRow, Outcome]


def _categories(row: LabelledRow) -> tuple[str, ...]:
    """The labelled categories of a row that must not pass; benign rows belong to no category."""
    return tuple(part for part in row.category.split("|") if part) if row.wanted.refused else ()


def _slices(pairs: Sequence[_Pair], key: Callable[[LabelledRow], tuple[str, ...]]) -> tuple[Slice, ...]:
    groups: dict[str, list[_Pair]] = defaultdict(list)
    for row, outcome in pairs:
        for name in key(row):
            groups[name].append((row, outcome))
    return tuple(_slice(name, groups[name]) for name in sorted(groups))


def _slice(name: str, pairs: Sequence[_Pair]) -> Slice:
    refused = [outcome for row, outcome in pairs if row.wanted.refused]
    blocked = [outcome for row, outcome in pairs if row.wanted is Wanted.BLOCK]
    allowed = [outcome for row, outcome in pairs if row.wanted is Wanted.ALLOW]
    return Slice(
        name=name,
        recall=_share(refused, Verdict.REVIEW),
        block_recall=_share(blocked, Verdict.BLOCK),
        over_refusal=_share(allowed, Verdict.REVIEW),
        over_block=_share(allowed, Verdict.BLOCK),
        unjudged=Share(sum(outcome.unjudged for _, outcome in pairs), len(pairs)),
        unsettled=sum(row.wanted is Wanted.UNSETTLED for row, _ in pairs),
    )


def _share(outcomes: Sequence[Outcome], at_least: Verdict) -> Share:
    return Share(sum(outcome.verdict.rank >= at_least.rank for outcome in outcomes), len(outcomes))


def _wrong(row: LabelledRow, outcome: Outcome) -> bool:
    if row.wanted.refused:
        return outcome.verdict is Verdict.ALLOW
    return row.wanted is Wanted.ALLOW and outcome.verdict is not Verdict.ALLOW


def as_table(slices: Sequence[Slice], first_column: str) -> str:
    """The slices as a Markdown table."""
    head = f"| {first_column} | recall (not allowed) | block recall | over-refusal | over-block | could not judge |"
    lines = [head, "|---|---|---|---|---|---|"]
    for part in slices:
        cells = (part.recall, part.block_recall, part.over_refusal, part.over_block, part.unjudged)
        lines.append(f"| {part.name} | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"
