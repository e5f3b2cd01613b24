"""The words the engine judges in: categories in order, verdicts by strictness, findings that are what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.clauses import Circumstance, Threshold
from policies.findings import Finding
from policies.rulings import PolicyContext
from policies.signals import ABSOLUTE_CATEGORIES, ABSOLUTE_CEILING, SIGNALS
from policies.taxonomy import Category, Stage, Verdict, strictest
from tests.support.policies import SPAN, contexts


def test_the_categories_stand_in_the_order_of_the_policy_table() -> None:
    assert [category.value for category in Category] == [
        "minors",
        "sexual",
        "violence",
        "self_harm",
        "hate",
        "harassment",
        "illicit",
        "deception",
        "politics",
        "public_figure",
        "private_person",
        "works",
        "shock",
    ]
    assert [category.precedence for category in Category] == list(range(13))


def test_verdicts_grow_stricter_from_allow_to_block() -> None:
    assert [verdict.rank for verdict in (Verdict.ALLOW, Verdict.REVIEW, Verdict.BLOCK)] == [0, 1, 2]


@given(st.lists(st.sampled_from(Verdict)))
def test_the_strictest_of_verdicts_is_as_strict_as_each_and_one_of_them(verdicts: list[Verdict]) -> None:
    found = strictest(verdicts)
    assert all(found.rank >= verdict.rank for verdict in verdicts)
    assert found in (verdicts or [Verdict.ALLOW])


@given(st.floats(0, 1))
def test_scores_are_rounded_to_four_decimals_before_any_policy_sees_them(score: float) -> None:
    assert Finding(None, "work.named", score, SPAN, "c", "r").score == round(score, 4)


@pytest.mark.parametrize("score", [-0.0001, 1.0001, float("nan"), float("inf")])
def test_a_score_outside_zero_to_one_is_no_score(score: float) -> None:
    with pytest.raises(ValueError, match=r"score must lie in \[0, 1\]"):
        Finding(None, "work.named", score, SPAN, "c", "r")


@given(st.floats(0, 1), st.floats(0.0001, 1), st.floats(0.0001, 1))
def test_a_score_reaches_the_strictest_threshold_at_or_below_it(
    score: float, one: float, other: float
) -> None:
    review, block = sorted((one, other))
    reached = Threshold(review, block).reached(score)
    if score >= block:
        assert reached == (Verdict.BLOCK, block)
    elif score >= review:
        assert reached == (Verdict.REVIEW, review)
    else:
        assert reached is None


@given(st.floats(0, 1))
def test_thresholds_that_are_off_are_never_reached(score: float) -> None:
    assert Threshold(None, None).reached(score) is None


@given(contexts)
def test_a_context_names_one_stage_and_the_circumstances_that_hold(context: PolicyContext) -> None:
    names = context.circumstances()
    assert {name for name in names if name.startswith("stage.")} == {f"stage.{context.stage.value}"}
    assert ("under_18" in names) is not context.adult
    assert ("real_person" in names) is context.real_person
    assert ("minor_present" in names) is context.minor_present
    assert ("feed" in names) is (context.feed or context.stage is Stage.PUBLISH)
    assert names <= {circumstance.value for circumstance in Circumstance}


def test_signals_are_named_area_dot_what_and_only_absolute_ones_and_consent_are_fixed() -> None:
    assert all(name == signal.name and "." in name for name, signal in SIGNALS.items())
    assert {name for name, signal in SIGNALS.items() if signal.fixed} == {
        "text.absolute",
        "likeness.unknown",
        "likeness.not_granted",
        "likeness.expired",
        "likeness.purpose",
        "likeness.used_up",
        "likeness.revoked",
        "likeness.erased",
        "output.face_revoked",
        "output.voice_revoked",
    }
    assert all(signal.categories for signal in SIGNALS.values() if signal.scored)


def test_the_absolute_category_is_minors_and_its_ceiling_can_be_reached() -> None:
    assert frozenset({Category.MINORS}) == ABSOLUTE_CATEGORIES
    assert 0 < ABSOLUTE_CEILING < 1
