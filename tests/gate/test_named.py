"""Who and what a prompt names: each standing of a figure and each kind of use of a work leads where POLICY.md says."""

from datetime import date
from typing import cast

import pytest

from consent.public_figures.context import Use
from consent.public_figures.names import FigureMatcher, FigureMention, How
from consent.public_figures.standing import Standing
from moderation.gate.checks.named import FiguresCheck, WorksCheck
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import WorkUse
from policies.findings import TextSpan
from policies.taxonomy import Category, Verdict
from tests.support.senses import broken
from tests.support.subjects import gate, request


class OneMention:
    """Finds the same mention in every text, and remembers for which day it was asked."""

    revision = "list-1"

    def __init__(self, standing: Standing, use: Use = "shown", how: How = "exact") -> None:
        self._mention = FigureMention("Ada Example", 2, 13, standing, "", how, "", use)
        self.days: list[date] = []

    def find(self, text: str, today: date) -> tuple[FigureMention, ...]:
        """As `FigureMatcher`."""
        self.days.append(today)
        return (self._mention,)


def figures(matcher: object) -> FiguresCheck:
    """The check with this matcher."""
    return FiguresCheck(Lazy(lambda: cast(FigureMatcher, matcher)))


@pytest.mark.parametrize(
    ("standing", "signal", "verdict"),
    [
        (Standing.LIVING, "figure.living", Verdict.BLOCK),
        (Standing.RECENTLY_DEAD, "figure.recently_dead", Verdict.REVIEW),
        (Standing.UNKNOWN, "figure.unknown_status", Verdict.REVIEW),
        (Standing.ROLE, "figure.unknown_status", Verdict.REVIEW),
    ],
)
def test_a_figure_who_would_be_shown_is_judged_by_their_standing(
    standing: Standing, signal: str, verdict: Verdict
) -> None:
    judgement = gate(requests=[figures(OneMention(standing))]).judge_request(request("x Ada Example"))
    [finding] = judgement.reports[0].findings
    assert judgement.verdict is verdict
    assert (finding.signal, finding.category, finding.where) == (
        signal,
        Category.PUBLIC_FIGURE,
        TextSpan("prompt", 2, 13),
    )
    assert (finding.matched, finding.revision) == ("Ada Example (exact)", "list-1")


def test_a_figure_dead_for_over_seventy_years_is_no_finding() -> None:
    assert figures(OneMention(Standing.LONG_DEAD)).examine(request()) == []


def test_the_style_of_a_living_artist_is_a_matter_of_works_and_held() -> None:
    judgement = gate(requests=[figures(OneMention(Standing.LIVING, "style"))]).judge_request(request())
    [finding] = judgement.reports[0].findings
    assert judgement.verdict is Verdict.REVIEW
    assert (finding.category, finding.signal, finding.matched) == (
        Category.WORKS,
        "work.named",
        "the style of Ada Example",
    )


@pytest.mark.parametrize("standing", [Standing.RECENTLY_DEAD, Standing.LONG_DEAD, Standing.UNKNOWN])
def test_the_style_of_somebody_dead_or_unknown_is_free(standing: Standing) -> None:
    assert figures(OneMention(standing, "style")).examine(request()) == []


def test_seventy_years_are_counted_by_the_day_of_the_request() -> None:
    matcher = OneMention(Standing.LIVING)
    figures(matcher).examine(request(today=date(2031, 5, 6)))
    assert matcher.days == [date(2031, 5, 6)]


def test_a_list_that_cannot_be_read_holds_the_request_under_a_revision_that_says_so() -> None:
    judgement = gate(requests=[FiguresCheck(broken())]).judge_request(request())
    assert judgement.verdict is Verdict.REVIEW
    assert (judgement.reports[0].cause, judgement.reports[0].revision) == ("error", "missing")


@pytest.mark.parametrize(
    ("standing", "use", "signal", "verdict"),
    [
        ("opted_out", "shown", "work.opted_out", Verdict.BLOCK),
        ("opted_out", "style", "work.opted_out", Verdict.BLOCK),
        ("opted_out", "setting", "work.opted_out", Verdict.BLOCK),
        ("unlicensed", "shown", "work.unlicensed", Verdict.BLOCK),
        ("unlicensed", "logo", "work.unlicensed", Verdict.BLOCK),
        ("unlicensed", "style", "work.named", Verdict.REVIEW),
        ("unlicensed", "setting", "work.named", Verdict.REVIEW),
        ("unlicensed", "theme", "work.named", Verdict.REVIEW),
        ("unlicensed", "resembled", "work.named", Verdict.REVIEW),
        ("opted_out", "resembled", "work.named", Verdict.REVIEW),
    ],
)
def test_a_work_is_judged_by_its_rights_and_by_how_it_would_be_seen(
    standing: str, use: str, signal: str, verdict: Verdict
) -> None:
    named = WorkUse("work_1", "Captain Example", use, 4, 19, standing)
    judgement = gate(requests=[WorksCheck("names-1")]).judge_request(request(works=(named,)))
    [finding] = judgement.reports[0].findings
    assert (judgement.verdict, finding.signal) == (verdict, signal)
    assert (finding.where, finding.matched) == (TextSpan("prompt", 4, 19), "Captain Example")
    assert finding.revision == "2+names-1"


def test_a_licensed_work_is_no_finding() -> None:
    named = WorkUse("work_1", "Captain Example", "shown", 4, 19, "licensed")
    assert WorksCheck("names-1").examine(request(works=(named,))) == []
