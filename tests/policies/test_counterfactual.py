"""What would have to be different: enough together, nothing too much, and said in the numbers of the recorded findings."""

from dataclasses import replace

from hypothesis import given

from policies.counterfactual import Change, ChangeKind, Milder, milder
from policies.document import shipped_document
from policies.engine import rule
from policies.findings import CheckReport, CheckStatus
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Stage, Verdict
from tests.support.policies import (
    ADULT_AT_REQUEST,
    certain,
    contexts,
    finding,
    report,
    report_lists,
    unclear,
    without_findings,
)

DEFAULT = shipped_document()
VIOLENCE = DEFAULT.signals["text.classifier"].thresholds[Category.VIOLENCE]


def of(*reports: CheckReport, context: PolicyContext = ADULT_AT_REQUEST) -> tuple[Milder, ...]:
    return milder(DEFAULT, reports, context)


def test_an_allow_has_nothing_milder() -> None:
    assert of(report()) == ()


def test_a_score_says_how_low_it_would_have_to_be_for_each_milder_verdict() -> None:
    review, allow = of(report(certain(Category.VIOLENCE)))
    rules = ("text.classifier:violence",)
    assert review == Milder(
        Verdict.REVIEW, (Change(ChangeKind.BELOW, "", 0, VIOLENCE.block, rules),), (), liftable=True
    )
    assert allow.needed == (Change(ChangeKind.BELOW, "", 0, VIOLENCE.review, rules),)


def test_a_fact_would_have_to_be_absent() -> None:
    named = finding("figure.living", Category.PUBLIC_FIGURE)
    review, allow = of(report(unclear(Category.HATE), named))
    assert [(one.kind, one.finding) for one in review.needed] == [(ChangeKind.ABSENT, 1)]
    assert [(one.kind, one.finding) for one in allow.needed] == [
        (ChangeKind.BELOW, 0),
        (ChangeKind.ABSENT, 1),
    ]


def test_what_blocks_only_because_of_who_asks_names_the_circumstance() -> None:
    young = PolicyContext(Stage.REQUEST, adult=False, feed=False, real_person=False, minor_present=False)
    review, allow = of(report(unclear(Category.ILLICIT)), context=young)
    assert review.circumstances == (Change(ChangeKind.CIRCUMSTANCE, "under_18"),)
    assert allow.circumstances == ()


def test_a_context_that_a_name_brought_falls_with_the_name() -> None:
    named = finding("figure.recently_dead", Category.PUBLIC_FIGURE)
    (review, _) = of(report(unclear(Category.VIOLENCE), named))
    assert len(review.needed) == 1


def test_a_check_that_could_not_judge_would_have_to_judge() -> None:
    (allow,) = of(report(), without_findings("late", CheckStatus.UNJUDGED, "timeout"))
    assert allow.needed == (Change(ChangeKind.JUDGED, "late"),)


def test_what_was_skipped_after_a_block_would_have_to_be_looked_at_before_an_allow() -> None:
    review, allow = of(report(certain(Category.HATE)), without_findings("later", CheckStatus.SKIPPED))
    assert [one.kind for one in review.needed] == [ChangeKind.BELOW]
    assert Change(ChangeKind.JUDGED, "later") in allow.needed


def test_of_a_combination_one_part_is_enough() -> None:
    nudity = finding("image.nudity", Category.SEXUAL, 0.3)
    words = finding("text.classifier", Category.SEXUAL, 0.35)
    (allow,) = of(report(nudity, words))
    assert len(allow.needed) == 1
    assert allow.needed[0].kind is ChangeKind.BELOW


def test_nobody_can_lift_an_absolute_rule() -> None:
    assert [one.liftable for one in of(report(finding("text.absolute", Category.MINORS)))] == [False, False]


@given(report_lists, contexts)
def test_the_changes_are_enough_and_none_is_too_much(
    reports: list[CheckReport], context: PolicyContext
) -> None:
    reports = [replace(one, check=f"check {number}") for number, one in enumerate(reports)]
    for found in milder(DEFAULT, reports, context):
        assert _verdict(reports, context, found.needed).rank <= found.verdict.rank
        for left_out in found.needed:
            fewer = tuple(one for one in found.needed if one != left_out)
            assert _verdict(reports, context, fewer).rank > found.verdict.rank


def _verdict(reports: list[CheckReport], context: PolicyContext, changes: tuple[Change, ...]) -> Verdict:
    """The verdict if the changes were true."""
    by_finding = {one.finding: one for one in changes if one.finding is not None}
    judged = {one.subject for one in changes if one.kind is ChangeKind.JUDGED}
    changed, number = [], 0
    for one in reports:
        kept = []
        for evidence in one.findings:
            change = by_finding.get(number)
            if change is None:
                kept.append(evidence)
            elif change.threshold is not None:
                kept.append(replace(evidence, score=change.threshold - 0.0001))
            number += 1
        status = CheckStatus.JUDGED if one.check in judged else one.status
        changed.append(replace(one, findings=tuple(kept), status=status))
    return rule(DEFAULT, changed, context).verdict
