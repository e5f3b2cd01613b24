"""What another document would have ruled on recorded decisions, and how often people agree with either.

People decide mostly what was held for them, so precision and recall here are about those decisions, not about all traffic;
the flips are about all. What was ruled under older policies is ruled on again by the one that stands, so that no flip of an
earlier change is counted as one of this. No model runs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isnan, nan

from policies.document import PolicyDocument
from policies.evaluation.intervals import Share
from policies.lifecycle.panel import seen_whole
from policies.lifecycle.replay import Recorded, rerule
from policies.records import RecordUnreadable, reports_from_plain, ruling_from_plain
from policies.rulings import Ruling
from policies.taxonomy import Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """A recorded decision of the machine, and what a person decided on it: allow, block, or None where nobody looked."""

    decision_id: str
    generation_id: str
    stage: str
    recorded: Recorded
    human: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision whose verdict would be another. `rule` names the new verdict, or the old one where the new is an allow;
    `whole` is False where a block had skipped checks, so that the new document did not see all it would have."""

    decision_id: str
    generation_id: str
    stage: str
    before: Verdict
    after: Verdict
    category: str
    rule: str
    human: Verdict | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """A policy against people: `right` it stopped and they did, `wrong` it stopped and they would not, `missed` the other way."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> Share:
        """Of what the policy stopped, what people stopped."""
        return Share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> Share:
        """Of what people stopped, what the policy stopped."""
        return Share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of both; nan where nothing was stopped by either."""
        return _f1(Share(self.right, self.right + self.wrong + self.missed).value)

    @property
    def f1_interval(self) -> tuple[float, float]:
        """95 %: F1 grows with right / (right + wrong + missed), a share, so Wilson's bounds of that share carry over."""
        low, high = Share(self.right, self.right + self.wrong + self.missed).interval
        return _f1(low), _f1(high)

    @property
    def f1_said(self) -> str:
        """F1 with its interval, as people read it."""
        low, high = self.f1_interval
        return "no rows" if isnan(self.f1) else f"{self.f1:.3f} ({low:.3f}–{high:.3f})"


def _f1(jaccard: float) -> float:
    return nan if isnan(jaccard) else 2 * jaccard / (1 + jaccard)


@dataclass(frozen=True, slots=True)
class Measured:
    """One document's verdicts against people's: when it stops (review or block), and when it blocks."""

    stops: Agreement = Agreement()
    blocks: Agreement = Agreement()


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """`decisions` ruled on; `unreadable` left out (their ids); `partial`: recorded with skipped checks; `decided`: by people;
    `before` under the document that stands, or as recorded, and `after` under the one that is tried; `moves` counts (before,
    after) of all decisions."""

    revision: str
    decisions: int
    unreadable: tuple[str, ...]
    partial: int
    decided: int
    before: Measured
    after: Measured
    flips: tuple[Flip, ...]
    moves: Mapping[tuple[Verdict, Verdict], int] = field(default_factory=dict)


def backtest(
    document: PolicyDocument, judged: Iterable[Judged], against: PolicyDocument | None = None
) -> BacktestReport:
    """Rule on each under the document, and under `against`; without it, what was recorded is what stands. A record that cannot be
    read is named in the report and left out."""
    seen = _Seen()
    for one in judged:
        try:
            before, after = _standing(one.recorded, against), rerule(document, one.recorded)
            whole = seen_whole(reports_from_plain(one.recorded.reports))
        except RecordUnreadable:
            seen.unreadable.append(one.decision_id)
            continue
        seen.add(one, before, after, whole)
    return seen.report(document.revision)


def _standing(recorded: Recorded, against: PolicyDocument | None) -> Ruling:
    """What stands. The same findings under the same policy give the same ruling: that one need not be made again."""
    before = ruling_from_plain(recorded.ruling)
    if against is None or before.policy == against.revision:
        return before
    return rerule(against, recorded)


@dataclass(slots=True)
class _Seen:
    flips: list[Flip] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    moves: Counter[tuple[Verdict, Verdict]] = field(default_factory=Counter)
    people: Counter[tuple[Verdict, Verdict, Verdict]] = field(default_factory=Counter)
    partial: int = 0

    def add(self, one: Judged, before: Ruling, after: Ruling, whole: bool) -> None:
        self.partial += not whole
        self.moves[before.verdict, after.verdict] += 1
        if one.human is not None:
            self.people[before.verdict, after.verdict, one.human] += 1
        if before.verdict is not after.verdict:
            self.flips.append(_flip(one, before, after, whole))

    def report(self, revision: str) -> BacktestReport:
        return BacktestReport(
            revision=revision,
            decisions=sum(self.moves.values()),
            unreadable=tuple(self.unreadable),
            partial=self.partial,
            decided=sum(self.people.values()),
            before=_measured({(before, human): 0 for before, _, human in self.people}, self.people, 0),
            after=_measured({(after, human): 0 for _, after, human in self.people}, self.people, 1),
            flips=tuple(self.flips),
            moves=dict(self.moves),
        )


def _flip(one: Judged, before: Ruling, after: Ruling, whole: bool) -> Flip:
    telling = before if after.verdict is Verdict.ALLOW else after
    deciding = telling.deciding
    return Flip(
        one.decision_id,
        one.generation_id,
        one.stage,
        before.verdict,
        after.verdict,
        telling.category.value if telling.category else "",
        deciding.rule_id if deciding else "",
        one.human,
        whole,
    )


def _measured(
    pairs: dict[tuple[Verdict, Verdict], int],
    people: Mapping[tuple[Verdict, Verdict, Verdict], int],
    which: int,
) -> Measured:
    for key, count in people.items():
        pairs[key[which], key[2]] += count
    return Measured(
        stops=_agreement(pairs, frozenset({Verdict.REVIEW, Verdict.BLOCK})),
        blocks=_agreement(pairs, frozenset({Verdict.BLOCK})),
    )


def _agreement(pairs: Mapping[tuple[Verdict, Verdict], int], stopping: frozenset[Verdict]) -> Agreement:
    def total(stopped: bool, human: Verdict) -> int:
        return sum(
            n for (said, person), n in pairs.items() if (said in stopping) is stopped and person is human
        )

    return Agreement(
        right=total(True, Verdict.BLOCK), wrong=total(True, Verdict.ALLOW), missed=total(False, Verdict.BLOCK)
    )
