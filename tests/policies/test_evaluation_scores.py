"""Curves, calibration, margins and bootstrap intervals are what their definitions say, against sklearn where it has them."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss

from policies.document import shipped_document
from policies.engine import PolicyContext, rule
from policies.evaluation.bootstrap import cluster_interval
from policies.evaluation.calibration import calibration_of
from policies.evaluation.curves import curve_of
from policies.evaluation.intervals import Share
from policies.evaluation.margin import CERTAIN, NOTHING, highest, margin_of, rests_on_nothing, text_margin_of
from policies.findings import CheckReport, CheckStatus, Finding, TextSpan
from policies.taxonomy import Category, Stage, Verdict

CONTEXT = PolicyContext(stage=Stage.REQUEST, adult=True, feed=False, real_person=False, minor_present=False)
DOCUMENT = shipped_document()
LABELLED = st.lists(
    st.tuples(st.sampled_from([-0.4, -0.1, 0.0, 0.2, 0.3]), st.booleans()), min_size=2, max_size=60
)


@settings(max_examples=60, deadline=None)
@given(LABELLED)
def test_average_precision_is_sklearns(rows: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in rows], [label for _, label in rows]
    curve = curve_of(scores, labels)
    if all(labels) or not any(labels):
        assert curve is None
    else:
        assert curve is not None
        assert curve.average_precision == pytest.approx(average_precision_score(labels, scores), abs=1e-4)


def test_recall_at_one_percent_lets_no_more_than_one_benign_text_in_a_hundred_be_refused() -> None:
    benign = [n / 1000 for n in range(200)]
    curve = curve_of([*benign, 0.1985, 0.1975, 0.0], [False] * 200 + [True] * 3)
    assert curve is not None
    assert curve.recall_at == pytest.approx(2 / 3, abs=1e-4)
    assert curve.margin_at == 0.1975


def test_where_the_surest_text_is_benign_no_recall_comes_at_one_percent() -> None:
    curve = curve_of([0.9, 0.5], [False, True])
    assert curve is not None
    assert curve.recall_at == 0.0
    assert math.isinf(curve.margin_at)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    curve = curve_of([n / 5000 for n in range(5000)], [n % 3 == 0 for n in range(5000)])
    assert curve is not None
    assert len(curve.points) <= 90
    assert (curve.points[0].margin, curve.points[-1].margin) == (0.9998, 0.0)


def test_calibration_is_the_weighted_gap_of_the_bins() -> None:
    probabilities, labels = [0.05, 0.05, 0.95, 1.0], [False, True, True, True]
    found = calibration_of(probabilities, labels)
    assert found is not None
    assert found.error == pytest.approx((2 * abs(0.05 - 0.5) + 2 * abs(0.975 - 1.0)) / 4)
    assert found.brier == pytest.approx(brier_score_loss(labels, probabilities), abs=1e-4)
    assert [(part.low, part.n) for part in found.bins] == [(0.0, 2), (0.9, 2)]
    assert calibration_of([], []) is None


def test_the_bootstrap_is_seeded_and_wider_than_wilson_where_clusters_agree_within_themselves() -> None:
    rows = [(f"cluster {n // 20}", n // 20 % 4 != 0) for n in range(400)]
    found = cluster_interval(rows)
    assert found is not None
    assert found == cluster_interval(rows)
    assert found != cluster_interval(rows, seed=2)
    low, high = Share(300, 400).interval
    assert found[0] < low
    assert found[1] > high


@pytest.mark.parametrize("rows", [[], [("a", True)], [("a", True), ("b", False)], [("", True), ("", False)]])
def test_rows_that_share_no_cluster_have_no_clustered_interval(rows: list[tuple[str, bool]]) -> None:
    assert cluster_interval(rows) is None


def found(signal: str, category: Category, score: float) -> Finding:
    return Finding(category, signal, score, TextSpan("prompt", 0, 1), "prompt.text", "1")


def report(*findings: Finding, status: CheckStatus = CheckStatus.JUDGED) -> CheckReport:
    cause = "timeout" if status is CheckStatus.UNJUDGED else ""
    return CheckReport("prompt.text", 1, status, "1", findings, cause)


def margins(*findings: Finding) -> tuple[float | None, float | None]:
    ruling = rule(DOCUMENT, [report(*findings)], CONTEXT)
    return margin_of(DOCUMENT, findings, ruling), text_margin_of(DOCUMENT, findings, ruling)


def test_the_margin_is_of_the_category_furthest_beyond_its_threshold() -> None:
    thresholds = DOCUMENT.signals["text.classifier"].thresholds
    start = thresholds[Category.HATE].review
    assert start is not None
    hate = found("text.classifier", Category.HATE, start + 0.03)
    shock = found("text.classifier", Category.SHOCK, 0.06)
    assert margins(hate, shock) == (0.03, 0.03)
    assert highest([hate, shock]) == pytest.approx(start + 0.03)


def test_a_listed_name_is_certain_to_the_gate_and_nothing_to_the_text_score() -> None:
    assert margins(found("figure.living", Category.PUBLIC_FIGURE, 1.0)) == (CERTAIN, NOTHING)


def test_an_absolute_rule_is_certain_to_both() -> None:
    assert margins(found("text.absolute", Category.MINORS, 1.0)) == (CERTAIN, CERTAIN)


def test_a_text_of_which_nothing_is_said_has_the_lowest_margin() -> None:
    assert margins() == (NOTHING, NOTHING)


def test_what_could_not_be_judged_has_no_margin_unless_something_else_was_found() -> None:
    lost = report(status=CheckStatus.UNJUDGED)
    alone = rule(DOCUMENT, [lost], CONTEXT)
    assert rests_on_nothing(alone)
    assert margin_of(DOCUMENT, (), alone) is None
    hate = found("text.classifier", Category.HATE, 0.99)
    beside = rule(DOCUMENT, [lost, report(hate)], CONTEXT)
    assert not rests_on_nothing(beside)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(Category)), st.floats(0, 1).map(lambda score: round(score, 4))),
        max_size=4,
    )
)
def test_a_margin_below_zero_is_an_allow_and_no_other(scores: list[tuple[Category, float]]) -> None:
    findings = [found("text.classifier", category, score) for category, score in scores]
    ruling = rule(DOCUMENT, [report(*findings)], CONTEXT)
    margin = margin_of(DOCUMENT, findings, ruling)
    assert margin is not None
    assert (margin < 0) is (ruling.verdict is Verdict.ALLOW)
