"""What holds for every set of findings: no order, addition or higher score ever makes the engine more lenient."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from policies.document import shipped_document
from policies.engine import flatten, rule
from policies.findings import CheckReport, CheckStatus, Finding
from policies.rulings import PolicyContext
from policies.signals import SIGNALS
from policies.taxonomy import Category, Verdict
from tests.support.policies import contexts, findings_of_any_kind, report, report_lists

DEFAULT = shipped_document()
READ_AGAIN = shipped_document()


def any_check_ran(reports: list[CheckReport]) -> bool:
    """The first report that judged lifts `engine:nothing_judged`, as it should."""
    return any(one.status is not CheckStatus.UNCOVERED for one in reports)


@given(report_lists.filter(any_check_ran), contexts, findings_of_any_kind)
def test_one_finding_more_never_makes_the_verdict_less_strict(
    reports: list[CheckReport], context: PolicyContext, more: Finding
) -> None:
    before = rule(DEFAULT, reports, context).verdict
    assert rule(DEFAULT, [*reports, report(more)], context).verdict.rank >= before.rank


@given(report_lists.filter(bool), contexts, st.data())
def test_one_finding_more_in_a_report_that_is_there_never_makes_the_verdict_less_strict(
    reports: list[CheckReport], context: PolicyContext, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(reports) - 1))
    more = data.draw(findings_of_any_kind)
    changed = [*reports]
    changed[index] = replace(reports[index], findings=(*reports[index].findings, more))
    before, after = rule(DEFAULT, reports, context), rule(DEFAULT, changed, context)
    assert after.verdict.rank >= before.verdict.rank
    assert set(before.categories) <= set(after.categories)


@given(findings_of_any_kind, st.floats(0, 1), contexts, report_lists)
def test_a_higher_score_never_makes_the_verdict_less_strict(
    found: Finding, score: float, context: PolicyContext, others: list[CheckReport]
) -> None:
    low, high = sorted((found.score, score))
    mild = rule(DEFAULT, [*others, report(replace(found, score=low))], context)
    grave = rule(DEFAULT, [*others, report(replace(found, score=high))], context)
    assert grave.verdict.rank >= mild.verdict.rank


@given(report_lists, contexts)
def test_a_circumstance_more_never_makes_the_verdict_less_strict(
    reports: list[CheckReport], context: PolicyContext
) -> None:
    plain = rule(DEFAULT, reports, context).verdict
    for stricter in (
        replace(context, adult=False),
        replace(context, feed=True),
        replace(context, real_person=True),
        replace(context, minor_present=True),
    ):
        assert rule(DEFAULT, reports, stricter).verdict.rank >= plain.rank


@given(report_lists, contexts, st.randoms(use_true_random=False))
def test_the_order_of_reports_changes_neither_verdict_nor_category(
    reports: list[CheckReport], context: PolicyContext, random: Random
) -> None:
    shuffled = [*reports]
    random.shuffle(shuffled)
    one, other = rule(DEFAULT, reports, context), rule(DEFAULT, shuffled, context)
    assert (one.verdict, one.category, one.categories) == (other.verdict, other.category, other.categories)


@given(report_lists, contexts)
def test_what_was_not_judged_is_never_allowed(reports: list[CheckReport], context: PolicyContext) -> None:
    ruling = rule(DEFAULT, reports, context)
    held_back = ruling.unjudged or ruling.skipped or not any_check_ran(reports)
    if held_back:
        assert ruling.verdict is not Verdict.ALLOW


@given(report_lists, contexts)
def test_every_verdict_but_allow_is_explained_by_a_rule_as_strict_as_it(
    reports: list[CheckReport], context: PolicyContext
) -> None:
    ruling = rule(DEFAULT, reports, context)
    count = len(flatten(reports))
    if ruling.verdict is Verdict.ALLOW:
        assert ruling.deciding is None
        assert ruling.rules == ()
    else:
        assert ruling.deciding is not None
        assert all(fired.reason in DEFAULT.reasons for fired in ruling.rules)
    assert all(fired.finding is None or fired.finding < count for fired in ruling.rules)


@given(findings_of_any_kind, report_lists, contexts)
def test_an_absolute_finding_blocks_whatever_else_was_found(
    found: Finding, others: list[CheckReport], context: PolicyContext
) -> None:
    absolute = replace(found, signal="text.absolute", category=Category.MINORS)
    ruling = rule(DEFAULT, [*others, report(absolute)], context)
    assert (ruling.verdict, ruling.category, ruling.absolute) == (Verdict.BLOCK, Category.MINORS, True)


@given(report_lists, contexts)
def test_an_uncovered_report_without_findings_changes_nothing_but_the_list(
    reports: list[CheckReport], context: PolicyContext
) -> None:
    uncovered = CheckReport("blind", 1, CheckStatus.UNCOVERED, "r1")
    before, after = rule(DEFAULT, reports, context), rule(DEFAULT, [*reports, uncovered], context)
    assert after == replace(before, uncovered=(*before.uncovered, "blind"))


@given(findings_of_any_kind.filter(lambda found: found.signal in SIGNALS), contexts)
def test_the_same_input_gets_the_same_ruling(found: Finding, context: PolicyContext) -> None:
    assert rule(DEFAULT, [report(found)], context) == rule(READ_AGAIN, [report(found)], context)
