"""The stricter rules of POLICY.md, combinations, and what no document can weaken."""

from dataclasses import replace

import pytest

from policies.clauses import CombinationClause, SignalClause, Threshold
from policies.document import PolicyDocument, shipped_document
from policies.engine import rule
from policies.findings import Finding
from policies.rulings import PolicyContext
from policies.signals import ABSOLUTE_CEILING
from policies.taxonomy import Category, Stage, Verdict
from tests.support.policies import ADULT_AT_REQUEST, certain, document, finding, report, thresholds, unclear

DEFAULT = shipped_document()
REAL_PERSON = replace(ADULT_AT_REQUEST, real_person=True)
YOUNG_ACCOUNT = replace(ADULT_AT_REQUEST, adult=False)
MINOR_SHOWN = replace(ADULT_AT_REQUEST, minor_present=True)
FEED = replace(ADULT_AT_REQUEST, feed=True)
PUBLISHING = replace(ADULT_AT_REQUEST, stage=Stage.PUBLISH)

STRICTER_WITH_A_REAL_PERSON = {
    Category.SEXUAL,
    Category.VIOLENCE,
    Category.HARASSMENT,
    Category.DECEPTION,
}
STRICTER_UNDER_18 = {Category.MINORS, Category.SEXUAL, Category.SELF_HARM, Category.ILLICIT}


def verdict(*findings: Finding, context: PolicyContext, policy: PolicyDocument = DEFAULT) -> Verdict:
    return rule(policy, [report(*findings)], context).verdict


@pytest.mark.parametrize("category", Category)
def test_a_real_person_turns_review_into_block_in_the_four_categories_of_the_policy(
    category: Category,
) -> None:
    expected = Verdict.BLOCK if category in STRICTER_WITH_A_REAL_PERSON else Verdict.REVIEW
    assert verdict(unclear(category), context=REAL_PERSON) is expected


@pytest.mark.parametrize("context", [YOUNG_ACCOUNT, MINOR_SHOWN, FEED, PUBLISHING])
@pytest.mark.parametrize("category", Category)
def test_under_18_or_in_the_feed_review_becomes_block(category: Category, context: PolicyContext) -> None:
    expected = Verdict.BLOCK if category in STRICTER_UNDER_18 else Verdict.REVIEW
    assert verdict(unclear(category), context=context) is expected


@pytest.mark.parametrize("signal", ["text.classifier", "speech.classifier"])
def test_under_18_graphic_violence_blocks_earlier_and_mild_violence_stays_a_review(signal: str) -> None:
    graphic_from = DEFAULT.contexts["under_18"].thresholds[signal][Category.VIOLENCE].block
    base = DEFAULT.signals[signal].thresholds[Category.VIOLENCE]
    assert graphic_from is not None
    assert base.block is not None
    assert graphic_from < base.block
    graphic = finding(signal, Category.VIOLENCE, graphic_from)
    mild = finding(signal, Category.VIOLENCE, graphic_from - 0.01)
    assert verdict(graphic, context=ADULT_AT_REQUEST) is Verdict.REVIEW
    assert verdict(graphic, context=YOUNG_ACCOUNT) is Verdict.BLOCK
    assert verdict(mild, context=YOUNG_ACCOUNT) is Verdict.REVIEW


def test_a_named_dead_public_figure_counts_as_a_real_person() -> None:
    named = finding("figure.recently_dead", Category.PUBLIC_FIGURE)
    assert verdict(named, context=ADULT_AT_REQUEST) is Verdict.REVIEW
    assert verdict(named, unclear(Category.SEXUAL), context=ADULT_AT_REQUEST) is Verdict.BLOCK


def test_a_context_rule_is_recorded_beside_the_rule_it_makes_stricter() -> None:
    ruling = rule(DEFAULT, [report(unclear(Category.SEXUAL))], REAL_PERSON)
    assert [(fired.rule_id, fired.verdict) for fired in ruling.rules] == [
        ("text.classifier:sexual", Verdict.REVIEW),
        ("context:real_person", Verdict.BLOCK),
    ]


def test_contexts_leave_what_could_not_be_judged_to_a_person() -> None:
    everything = PolicyContext(Stage.PUBLISH, adult=False, feed=True, real_person=True, minor_present=True)
    assert verdict(finding("text.unsupported_language"), context=everything) is Verdict.REVIEW


def test_a_context_can_depend_on_the_stage() -> None:
    staged = document(
        "signals:\n  work.named: {verdict: review}\n"
        "contexts:\n  finished: {when_any: [stage.output], review_becomes_block: [works]}\n"
    )
    named = finding("work.named", Category.WORKS)
    assert verdict(named, context=ADULT_AT_REQUEST, policy=staged) is Verdict.REVIEW
    at_output = replace(ADULT_AT_REQUEST, stage=Stage.OUTPUT)
    assert verdict(named, context=at_output, policy=staged) is Verdict.BLOCK


NUDE = unclear(Category.SEXUAL, "image.nudity")
CHILD_IN_WORDS = unclear(Category.MINORS)


def test_nudity_in_a_picture_whose_words_are_about_a_child_blocks_though_each_alone_is_a_review() -> None:
    assert verdict(NUDE, context=ADULT_AT_REQUEST) is Verdict.REVIEW
    assert verdict(CHILD_IN_WORDS, context=ADULT_AT_REQUEST) is Verdict.REVIEW
    ruling = rule(DEFAULT, [report(NUDE, CHILD_IN_WORDS)], ADULT_AT_REQUEST)
    assert (ruling.verdict, ruling.category) == (Verdict.BLOCK, Category.MINORS)
    assert ruling.rules[-1].rule_id == "combination:nudity_with_a_minor"


COMBINED = """
signals:
  work.named: {verdict: review}
  figure.recently_dead: {verdict: review}
contexts:
  shown: {when_any: [real_person], review_becomes_block: []}
combinations:
  pair: {all_of: [work.named, figure.recently_dead], category: works, verdict: review}
  more: {all_of: ["combination:pair", "combination:again"], category: shock, verdict: block}
  again: {all_of: [work.named], category: works, verdict: review}
"""


def test_a_combination_may_refer_to_others_in_any_order() -> None:
    policy = document(COMBINED)
    work, figure = finding("work.named", Category.WORKS), finding("figure.recently_dead")
    assert verdict(work, context=ADULT_AT_REQUEST, policy=policy) is Verdict.REVIEW
    assert verdict(work, figure, context=ADULT_AT_REQUEST, policy=policy) is Verdict.BLOCK


def test_a_circle_of_combinations_built_by_hand_does_not_fire_and_does_not_hang() -> None:
    circle = {
        "a": CombinationClause(frozenset({"combination:b"}), Category.SHOCK, Verdict.BLOCK),
        "b": CombinationClause(frozenset({"combination:a"}), Category.SHOCK, Verdict.BLOCK),
    }
    policy = replace(document(COMBINED), combinations=circle)
    work = finding("work.named", Category.WORKS)
    assert verdict(work, context=ADULT_AT_REQUEST, policy=policy) is Verdict.REVIEW


@pytest.mark.parametrize(
    "clause",
    [
        None,
        SignalClause(thresholds={}, verdict=Verdict.ALLOW),
        SignalClause(thresholds={}, verdict=Verdict.REVIEW),
        SignalClause(thresholds={Category.MINORS: Threshold(None, None)}, verdict=None),
    ],
)
@pytest.mark.parametrize(
    ("signal", "category"),
    [
        ("text.absolute", Category.MINORS),
        ("text.absolute", Category.ILLICIT),
        ("likeness.revoked", Category.PRIVATE_PERSON),
        ("likeness.erased", Category.PRIVATE_PERSON),
        ("output.face_revoked", Category.PRIVATE_PERSON),
    ],
)
def test_no_document_not_even_one_built_by_hand_weakens_a_fixed_signal(
    signal: str, category: Category, clause: SignalClause | None
) -> None:
    others = {name: kept for name, kept in DEFAULT.signals.items() if name != signal}
    weak = replace(DEFAULT, signals=others if clause is None else {**others, signal: clause})
    assert verdict(finding(signal, category), context=ADULT_AT_REQUEST, policy=weak) is Verdict.BLOCK


@pytest.mark.parametrize("block", [None, 1.0])
def test_no_document_built_by_hand_lifts_the_block_threshold_of_minors(block: float | None) -> None:
    clause = SignalClause({Category.MINORS: Threshold(None, block)}, None)
    weak = replace(DEFAULT, signals={"text.classifier": clause})
    evident = finding("text.classifier", Category.MINORS, ABSOLUTE_CEILING)
    ruling = rule(weak, [report(evident)], ADULT_AT_REQUEST)
    assert (ruling.verdict, ruling.absolute) == (Verdict.BLOCK, True)


def test_a_block_for_minors_is_absolute_and_one_by_circumstance_alone_is_not() -> None:
    assert rule(DEFAULT, [report(finding("text.absolute", Category.MINORS))], ADULT_AT_REQUEST).absolute
    assert rule(DEFAULT, [report(certain(Category.MINORS))], ADULT_AT_REQUEST).absolute
    by_circumstance = rule(DEFAULT, [report(unclear(Category.MINORS))], FEED)
    assert (by_circumstance.verdict, by_circumstance.absolute) == (Verdict.BLOCK, False)
    assert not rule(DEFAULT, [report(finding("likeness.revoked"))], ADULT_AT_REQUEST).absolute


def test_thresholds_in_the_helper_cover_every_category() -> None:
    policy = document(f"signals:\n  text.classifier:\n    thresholds: {thresholds()}\n")
    assert set(policy.signals["text.classifier"].thresholds) == set(Category)
