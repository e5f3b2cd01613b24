"""A backtest: what would change, and how often people agree with what is and with what would be. Figures worked out by hand."""

from math import isnan

import pytest

from policies.findings import CheckStatus
from policies.lifecycle.backtest import Agreement, Judged, backtest
from policies.lifecycle.replay import Recorded
from policies.records import context_to_plain, reports_to_plain, ruling_to_plain
from policies.taxonomy import Verdict
from tests.support.policies import ADULT_AT_REQUEST, without_findings
from tests.support.steering import TITLE, judged, policy

V = Verdict
REVIEWS, BLOCKS, ALLOWS = policy("review"), policy("block"), policy("allow")


def on_record(
    name: str, human: Verdict | None = None, *, title: bool = True, skipped: bool = False
) -> Judged:
    """A decision under `REVIEWS`, on a title or on nothing."""
    later = (without_findings("later", CheckStatus.SKIPPED),) if skipped else ()
    made = judged(REVIEWS, *([TITLE] if title else []), reports=later)
    recorded = Recorded(
        reports_to_plain(made.reports),  # type: ignore[arg-type]  # a JSON array by construction
        context_to_plain(ADULT_AT_REQUEST),  # type: ignore[arg-type]  # a JSON object by construction
        ruling_to_plain(made.ruling),  # type: ignore[arg-type]  # the same
    )
    return Judged(name, f"gen_{name}", "request", recorded, human)


RECORD = (
    on_record("a", V.BLOCK),
    on_record("b", V.BLOCK),
    on_record("c", V.BLOCK),
    on_record("d", V.ALLOW),
    on_record("e"),
    on_record("f", title=False),
    on_record("g", V.BLOCK, title=False),  # an appeal of somebody else's: people stop what no policy saw
)


def test_every_verdict_that_would_be_another_is_listed_with_the_rule_and_the_person() -> None:
    report = backtest(BLOCKS, RECORD)
    assert (report.decisions, report.decided, report.revision) == (7, 5, BLOCKS.revision)
    assert [flip.decision_id for flip in report.flips] == ["a", "b", "c", "d", "e"]
    first = report.flips[0]
    assert (first.before, first.after, first.human) == (V.REVIEW, V.BLOCK, V.BLOCK)
    assert (first.category, first.rule, first.stage, first.whole) == (
        "works",
        "work.named",
        "request",
        True,
    )
    assert report.moves == {(V.REVIEW, V.BLOCK): 5, (V.ALLOW, V.ALLOW): 2}


def test_a_flip_to_an_allow_is_named_by_the_rule_that_would_fall_silent() -> None:
    flip = backtest(ALLOWS, [on_record("a")]).flips[0]
    assert (flip.before, flip.after, flip.rule) == (V.REVIEW, V.ALLOW, "work.named")


def test_precision_recall_and_f1_are_held_against_people_before_and_after() -> None:
    report = backtest(BLOCKS, RECORD)
    assert report.before.stops == report.after.stops == Agreement(right=3, wrong=1, missed=1)
    assert report.before.blocks == Agreement(right=0, wrong=0, missed=4)
    blocks = report.after.blocks
    assert blocks == Agreement(right=3, wrong=1, missed=1)
    assert (blocks.precision.hits, blocks.precision.n) == (3, 4)
    assert (blocks.recall.hits, blocks.recall.n) == (3, 4)
    assert blocks.f1 == pytest.approx(0.75)  # 2 · 3 / (2 · 3 + 1 + 1)
    low, high = blocks.f1_interval
    assert 0 < low < 0.75 < high < 1


def test_without_people_there_are_no_figures_and_that_is_not_a_zero() -> None:
    report = backtest(BLOCKS, [on_record("e")])
    assert (report.decided, report.after.blocks.precision.n) == (0, 0)
    assert isnan(report.after.blocks.f1)


def test_a_policy_that_stops_nothing_people_stopped_has_an_f1_of_0() -> None:
    assert backtest(ALLOWS, [on_record("a", V.BLOCK)]).after.stops.f1 == 0


def test_what_an_earlier_change_flipped_is_not_held_against_this_one() -> None:
    """Recorded under `REVIEWS`; meanwhile `BLOCKS` rules, and the document that is tried is no other in this."""
    tried = policy("block", note="another note")
    report = backtest(tried, RECORD, against=BLOCKS)
    assert report.flips == ()
    assert report.before == report.after
    assert len(backtest(tried, RECORD).flips) == 5


def test_decisions_with_skipped_checks_are_counted_and_marked() -> None:
    report = backtest(BLOCKS, [on_record("a", skipped=True), on_record("b")])
    assert report.partial == 1
    assert [flip.whole for flip in report.flips] == [False, True]


def test_a_record_that_cannot_be_read_is_named_and_left_out() -> None:
    odd = Judged("odd", "gen_odd", "request", Recorded(({"check": 7},), {}, {}))
    report = backtest(BLOCKS, [odd, on_record("a")])
    assert (report.unreadable, report.decisions) == (("odd",), 1)


def test_a_document_that_is_the_same_flips_nothing() -> None:
    report = backtest(REVIEWS, RECORD)
    assert (report.flips, report.before) == ((), report.after)
