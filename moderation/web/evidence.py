"""The findings and the rules of a decision, as rows that refer to each other by number."""

from collections.abc import Sequence
from dataclasses import dataclass

from moderation.gate.recorded import Recorded
from moderation.web.words import clock, named
from policies.findings import AudioInterval, CheckReport, CheckStatus, Finding, FrameBox, TextSpan, Where
from policies.rulings import RuleFired
from policies.taxonomy import Category, Verdict, strictest

SENSITIVE = frozenset(
    {Category.MINORS, Category.SEXUAL, Category.VIOLENCE, Category.SELF_HARM, Category.SHOCK}
)
"""Pictures in these categories are veiled until the moderator asks for them."""
VEILED_FROM = 0.3
"""A finding of a sensitive category veils from this score on, whether a rule fired on it or not."""


@dataclass(frozen=True, slots=True)
class Row:
    """A finding: its number, what the policy made of it (`allow` where no rule fired), and where it is in words."""

    number: int
    finding: Finding
    verdict: str
    deciding: bool
    place: str

    @property
    def category(self) -> str:
        """In words."""
        return named(self.finding.category)


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired; `row` is the number of its finding, None where no single finding is the cause."""

    rule: RuleFired
    row: int | None
    score: float | None
    deciding: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Findings (those that rules fired on first), rules (strictest first), and the reports without findings."""

    rows: tuple[Row, ...]
    rules: tuple[Fired, ...]
    unjudged: tuple[CheckReport, ...]
    skipped: tuple[str, ...]
    uncovered: tuple[str, ...]
    veiled: bool

    def numbered(self) -> tuple[tuple[int, Finding], ...]:
        """Each finding with its number."""
        return tuple((row.number, row.finding) for row in self.rows)

    def row(self, number: int) -> Row:
        """The row of this number."""
        return next(row for row in self.rows if row.number == number)


def evidence_of(recorded: Recorded) -> Evidence:
    """Everything the decision rests on. Numbers count from 1, strictest first, then by score."""
    order = _order(recorded)
    numbers = {index: number for number, index in enumerate(order, 1)}
    deciding = recorded.ruling.deciding
    findings = recorded.findings
    rules = tuple(
        Fired(
            rule,
            None if rule.finding is None else numbers[rule.finding],
            None if rule.finding is None else findings[rule.finding].score,
            rule is deciding,
        )
        for rule in sorted(recorded.ruling.rules, key=lambda rule: -rule.verdict.rank)
    )
    return Evidence(
        rows=tuple(_row(recorded, index, numbers[index]) for index in order),
        rules=rules,
        unjudged=recorded.unjudged,
        skipped=tuple(one.check for one in recorded.reports if one.status is CheckStatus.SKIPPED),
        uncovered=tuple(one.check for one in recorded.reports if one.status is CheckStatus.UNCOVERED),
        veiled=_veiled(recorded),
    )


def place_of(where: Where) -> str:
    """Where a finding is, shortly; the page shows the place itself."""
    match where:
        case TextSpan():
            return f"{where.field} {where.start + 1}–{where.end}"
        case FrameBox():
            return f"frame {clock(where.time_s)}"
        case AudioInterval():
            return f"sound {clock(where.start_s)}–{clock(where.end_s)}"
    return where.field


def _order(recorded: Recorded) -> Sequence[int]:
    findings = recorded.findings
    return sorted(
        range(len(findings)),
        key=lambda index: (-_verdict(recorded, index).rank, -findings[index].score, index),
    )


def _verdict(recorded: Recorded, index: int) -> Verdict:
    return strictest(rule.verdict for rule in recorded.ruling.rules if rule.finding == index)


def _row(recorded: Recorded, index: int, number: int) -> Row:
    finding = recorded.findings[index]
    deciding = recorded.ruling.deciding
    return Row(
        number,
        finding,
        _verdict(recorded, index).value,
        deciding is not None and deciding.finding == index,
        place_of(finding.where),
    )


def _veiled(recorded: Recorded) -> bool:
    """Whether something here might hurt to look at, or nobody could say that it does not."""
    ruled = not SENSITIVE.isdisjoint(recorded.ruling.categories)
    scored = any(one.category in SENSITIVE and one.score >= VEILED_FROM for one in recorded.findings)
    unseen = any("nudity" in report.check for report in recorded.unjudged)
    return ruled or scored or unseen
