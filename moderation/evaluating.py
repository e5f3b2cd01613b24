"""The gate as a judge of labelled rows: the very path that requests go through, many texts at a time.

Texts of like length are judged together and two batches side by side, so that tens of thousands of rows take minutes.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from moderation.gate.gate import Judgement
from moderation.gate.judge import MAX_TEXT, Item, Judge
from policies.engine import flatten
from policies.evaluation.evaluate import Outcome
from policies.evaluation.margin import highest, margin_of, rests_on_nothing, text_margin_of
from policies.evaluation.rows import LabelledRow
from policies.findings import CheckStatus
from policies.taxonomy import Verdict

BATCH = 64
"""Rows judged at once: enough to share what a batch costs, few enough to stay far below a check's time limit."""
SIDE_BY_SIDE = 2
UNREADABLE = Outcome(Verdict.REVIEW, unjudged=True)
"""What a text gets that is longer than anything that is judged."""


class GateOnRows:
    """Judges rows as requests of an account of which nothing is known. `done` hears how many rows were just judged."""

    def __init__(self, judge: Judge, done: Callable[[int], object] | None = None) -> None:
        self._judge, self._done = judge, done or bool

    def __call__(self, rows: Sequence[LabelledRow]) -> list[Outcome]:
        """One outcome per row, in order."""
        found: list[Outcome] = [UNREADABLE] * len(rows)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as hands:
            for numbers, outcomes in hands.map(lambda chosen: self._batch(rows, chosen), _batches(rows)):
                for number, outcome in zip(numbers, outcomes, strict=True):
                    found[number] = outcome
                self._done(len(numbers))
        self._done(sum(len(row.text) > MAX_TEXT for row in rows))
        return found

    def _batch(
        self, rows: Sequence[LabelledRow], numbers: Sequence[int]
    ) -> tuple[Sequence[int], list[Outcome]]:
        items = [Item(rows[number].id, text=rows[number].text) for number in numbers]
        return numbers, [outcome_of(judgement) for judgement in self._judge.judge_texts(items)]


def _batches(rows: Sequence[LabelledRow]) -> Iterator[Sequence[int]]:
    """The places of the rows, those of like length together."""
    readable = [number for number, row in enumerate(rows) if len(row.text) <= MAX_TEXT]
    readable.sort(key=lambda number: len(rows[number].text))
    for start in range(0, len(readable), BATCH):
        yield readable[start : start + BATCH]


def outcome_of(judgement: Judgement) -> Outcome:
    """What a judgement says of a row."""
    findings = flatten(judgement.reports)
    return Outcome(
        verdict=judgement.verdict,
        categories=frozenset(judgement.ruling.categories),
        unjudged=rests_on_nothing(judgement.ruling),
        margin=margin_of(judgement.document, findings, judgement.ruling),
        text_margin=text_margin_of(judgement.document, findings, judgement.ruling),
        probability=highest(findings),
    )


def revisions(judge: Judge) -> dict[str, str]:
    """The revision of each check that judges the words of a prompt."""
    (one,) = judge.judge_texts([Item("revisions", text="a lighthouse in a storm")])
    return {
        report.check: report.revision
        for report in sorted(one.reports, key=lambda report: report.check)
        if report.check.startswith("prompt.") and report.status is not CheckStatus.UNCOVERED
    }
