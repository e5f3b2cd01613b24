"""What the default policy makes of each kind of evidence, alone and together."""

from dataclasses import replace

import pytest

from policies.document import shipped_document
from policies.engine import flatten, rule
from policies.findings import CheckReport, CheckStatus, Finding
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.signals import SIGNALS
from policies.taxonomy import Category, Stage, Verdict
from tests.support.policies import (
    ADULT_AT_REQUEST,
    certain,
    document,
    finding,
    report,
    thresholds,
    unclear,
    without_findings,
)

DEFAULT = shipped_document()


def judged(*findings: Finding, context: PolicyContext = ADULT_AT_REQUEST) -> Ruling:
    return rule(DEFAULT, [report(*findings)], context)


def test_nothing_found_is_allowed_and_names_no_category() -> None:
    assert judged() == Ruling(Verdict.ALLOW, None, DEFAULT.revision)


FACTS = {
    "text.absolute": Verdict.BLOCK,
    "text.unsupported_language": Verdict.REVIEW,
    "account.suspended": Verdict.BLOCK,
    "account.rate_limited": Verdict.BLOCK,
    "account.quota_exhausted": Verdict.BLOCK,
    "likeness.unknown": Verdict.BLOCK,
    "likeness.not_granted": Verdict.BLOCK,
    "likeness.expired": Verdict.BLOCK,
    "likeness.purpose": Verdict.BLOCK,
    "likeness.used_up": Verdict.BLOCK,
    "likeness.revoked": Verdict.BLOCK,
    "likeness.erased": Verdict.BLOCK,
    "likeness.restricted": Verdict.BLOCK,
    "likeness.restriction_unclear": Verdict.REVIEW,
    "remix.parent_not_released": Verdict.BLOCK,
    "figure.living": Verdict.BLOCK,
    "figure.recently_dead": Verdict.REVIEW,
    "figure.unknown_status": Verdict.REVIEW,
    "frame.figure_named": Verdict.REVIEW,
    "frame.work_named": Verdict.REVIEW,
    "work.named": Verdict.REVIEW,
    "work.opted_out": Verdict.BLOCK,
    "work.unlicensed": Verdict.BLOCK,
    "reference.unreadable": Verdict.BLOCK,
    "reference.face_unconsented": Verdict.BLOCK,
    "reference.credentials_invalid": Verdict.REVIEW,
    "reference.training_or_use_opt_out": Verdict.REVIEW,
    "output.unreadable": Verdict.REVIEW,
    "output.not_video": Verdict.REVIEW,
    "output.face_not_approved": Verdict.BLOCK,
    "output.face_revoked": Verdict.BLOCK,
    "output.face_of_reference": Verdict.BLOCK,
    "output.identity_drift": Verdict.REVIEW,
    "output.voice_not_approved": Verdict.BLOCK,
    "output.voice_revoked": Verdict.BLOCK,
}


def test_the_table_of_facts_here_holds_every_fact_a_check_can_give() -> None:
    assert {name for name, signal in SIGNALS.items() if not signal.scored} == FACTS.keys()


@pytest.mark.parametrize(("signal", "verdict"), FACTS.items())
def test_a_fact_gets_the_verdict_of_the_policy_and_names_its_category(signal: str, verdict: Verdict) -> None:
    category = next(iter(sorted(SIGNALS[signal].categories)), None)
    ruling = judged(finding(signal, category))
    assert (ruling.verdict, ruling.category) == (verdict, category)


@pytest.mark.parametrize("signal", ["text.classifier", "speech.classifier", "frame.text", "joint.text"])
@pytest.mark.parametrize("category", Category)
def test_a_score_is_judged_by_the_thresholds_of_its_category(signal: str, category: Category) -> None:
    threshold = DEFAULT.signals[signal].thresholds[category]
    assert threshold.review is not None
    assert threshold.block is not None
    below = judged(finding(signal, category, threshold.review - 0.001))
    at_review = judged(finding(signal, category, threshold.review))
    at_block = judged(finding(signal, category, threshold.block))
    assert [below.verdict, at_review.verdict, at_block.verdict] == ["allow", "review", "block"]
    assert at_review.category is at_block.category is category
    assert at_block.rules[0].threshold == threshold.block


def test_a_threshold_of_zero_is_off_and_leaves_the_other_one_alone() -> None:
    levels = thresholds(shock="{review: 0, block: 0.8}", hate="{review: 0.5, block: 0}", works="{review: 0}")
    small = document(f"signals:\n  text.classifier:\n    thresholds: {levels}\n")

    def verdict(category: Category, score: float) -> str:
        return rule(small, [report(finding("text.classifier", category, score))], ADULT_AT_REQUEST).verdict

    assert verdict(Category.SHOCK, 0.0) == "allow"
    assert verdict(Category.SHOCK, 0.79) == "allow"
    assert verdict(Category.SHOCK, 0.8) == "block"
    assert verdict(Category.HATE, 1.0) == "review"
    assert verdict(Category.WORKS, 1.0) == "allow"


def test_the_strictest_verdict_wins_and_every_category_is_recorded() -> None:
    ruling = judged(
        certain(Category.SHOCK),
        unclear(Category.SEXUAL),
        finding("work.named", Category.WORKS),
    )
    assert (ruling.verdict, ruling.category) == (Verdict.BLOCK, Category.SHOCK)
    assert ruling.categories == (Category.SEXUAL, Category.WORKS, Category.SHOCK)


def test_of_equally_strict_rules_the_category_higher_in_the_table_names_the_verdict() -> None:
    ruling = judged(certain(Category.SHOCK), certain(Category.VIOLENCE))
    assert ruling.category is Category.VIOLENCE
    assert ruling.deciding is not None
    assert ruling.deciding.finding == 1


def test_content_names_a_verdict_before_the_state_of_an_account_does() -> None:
    both = judged(finding("account.suspended"), finding("figure.living", Category.PUBLIC_FIGURE))
    assert both.category is Category.PUBLIC_FIGURE
    milder_content = judged(finding("account.suspended"), finding("work.named", Category.WORKS))
    assert (milder_content.verdict, milder_content.category) == (Verdict.BLOCK, None)


def test_findings_are_counted_across_reports() -> None:
    first, second = finding("work.named", Category.WORKS), finding("figure.living", Category.PUBLIC_FIGURE)
    reports = [report(first), without_findings("empty", CheckStatus.JUDGED), report(second)]
    ruling = rule(DEFAULT, reports, ADULT_AT_REQUEST)
    assert [fired.finding for fired in ruling.rules if fired.rule_id in {"work.named", "figure.living"}] == [
        0,
        1,
    ]
    assert flatten(reports) == (first, second)


def reports_of(status: CheckStatus, cause: str = "") -> list[CheckReport]:
    return [report(), without_findings("late", status, cause)]


def test_a_check_that_could_not_judge_is_a_review_with_its_cause() -> None:
    ruling = rule(DEFAULT, reports_of(CheckStatus.UNJUDGED, "timeout"), ADULT_AT_REQUEST)
    assert ruling.verdict is Verdict.REVIEW
    assert ruling.unjudged == ("late",)
    assert ruling.rules == (
        RuleFired("engine:unjudged", None, Verdict.REVIEW, None, None, "unjudged", subject="late: timeout"),
    )


def test_a_document_may_make_a_cause_of_not_judging_a_block_but_never_an_allow() -> None:
    strict = document("signals:\n  account.suspended: {verdict: block}\nunjudged: {model.missing: block}\n")
    missing = reports_of(CheckStatus.UNJUDGED, "model.missing")
    assert rule(strict, missing, ADULT_AT_REQUEST).verdict is Verdict.BLOCK
    lax = replace(strict, unjudged={"model.missing": Verdict.ALLOW})
    assert rule(lax, missing, ADULT_AT_REQUEST).verdict is Verdict.REVIEW


def test_an_unsupported_language_has_its_own_reason() -> None:
    ruling = rule(DEFAULT, reports_of(CheckStatus.UNJUDGED, "language.unsupported"), ADULT_AT_REQUEST)
    assert (ruling.verdict, ruling.rules[0].reason) == (Verdict.REVIEW, "language.unsupported")


def test_an_unjudged_check_does_not_soften_a_block() -> None:
    reports = [report(finding("account.suspended")), without_findings("late", CheckStatus.UNJUDGED)]
    assert rule(DEFAULT, reports, ADULT_AT_REQUEST).verdict is Verdict.BLOCK


def test_an_uncovered_aspect_is_listed_and_has_no_effect() -> None:
    ruling = rule(DEFAULT, reports_of(CheckStatus.UNCOVERED), ADULT_AT_REQUEST)
    assert (ruling.verdict, ruling.uncovered, ruling.rules) == (Verdict.ALLOW, ("late",), ())


def test_a_check_skipped_because_an_earlier_tier_blocked_is_listed_and_adds_nothing() -> None:
    reports = [report(finding("account.suspended")), without_findings("late", CheckStatus.SKIPPED)]
    ruling = rule(DEFAULT, reports, ADULT_AT_REQUEST)
    assert (ruling.verdict, ruling.skipped, len(ruling.rules)) == (Verdict.BLOCK, ("late",), 1)


def test_a_check_skipped_without_any_block_was_not_judged() -> None:
    """As happens when a recorded decision is ruled again under a policy that no longer blocks."""
    ruling = rule(DEFAULT, reports_of(CheckStatus.SKIPPED), ADULT_AT_REQUEST)
    assert ruling.verdict is Verdict.REVIEW
    assert ruling.rules[0].rule_id == "engine:skipped"


@pytest.mark.parametrize("reports", [[], [without_findings("only", CheckStatus.UNCOVERED)]])
def test_where_nothing_was_judged_nothing_is_allowed(reports: list[CheckReport]) -> None:
    ruling = rule(DEFAULT, reports, ADULT_AT_REQUEST)
    assert ruling.verdict is Verdict.REVIEW
    assert ruling.rules[0].rule_id == "engine:nothing_judged"


def test_a_signal_nobody_knows_is_a_review() -> None:
    ruling = judged(finding("made.up", Category.WORKS, 0.0))
    assert (ruling.verdict, ruling.rules[0].rule_id) == (Verdict.REVIEW, "engine:unknown_signal")
    assert ruling.rules[0].subject == "made.up"


def test_a_signal_the_document_does_not_mention_is_a_review() -> None:
    small = document("signals:\n  account.suspended: {verdict: block}\n")
    ruling = rule(small, [report(finding("figure.living", Category.PUBLIC_FIGURE))], ADULT_AT_REQUEST)
    assert (ruling.verdict, ruling.category) == (Verdict.REVIEW, Category.PUBLIC_FIGURE)


@pytest.mark.parametrize("category", [None, Category.HATE])
def test_a_score_in_a_category_without_thresholds_is_a_review(category: Category | None) -> None:
    ruling = judged(finding("image.nudity", category, 0.01))
    assert (ruling.verdict, ruling.rules[0].rule_id) == (Verdict.REVIEW, "engine:undeclared_category")


def test_a_fact_that_is_switched_off_has_no_effect() -> None:
    off = document("signals:\n  work.named: {verdict: allow}\n")
    assert rule(off, [report(finding("work.named", Category.WORKS))], ADULT_AT_REQUEST).verdict == "allow"


def test_a_ruling_carries_the_revision_it_was_made_under() -> None:
    assert judged().policy == DEFAULT.revision
    assert judged(context=replace(ADULT_AT_REQUEST, stage=Stage.OUTPUT)).policy == DEFAULT.revision
