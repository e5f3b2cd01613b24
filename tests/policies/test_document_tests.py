"""The tests inside a policy document: what they may say, how they come out, and what their author reads when one is wrong."""

import pytest

from policies.document import parse_document, shipped_document
from policies.engine import rule
from policies.findings import CheckReport, CheckStatus
from policies.lifecycle.trial import Trial, TrialStatus, try_document
from policies.loading.problems import PolicyInvalid
from policies.rulings import PolicyContext, Ruling
from policies.taxonomy import Category, Verdict
from tests.support.policies import document, document_text, thresholds

RULES = f"""
signals:
  text.classifier:
    thresholds: {thresholds()}
  work.named: {{verdict: review}}
  account.suspended: {{verdict: block}}
contexts:
  young: {{when_any: [under_18], review_becomes_block: [works]}}
"""


def tried(tests: str, judge: object = None) -> dict[str, Trial]:
    made = document(f"{RULES}tests:\n{tests}")
    return {trial.name: trial for trial in try_document(made, judge)}  # type: ignore[arg-type]  # a judge of the test's own


def test_findings_are_ruled_on_by_the_document_itself() -> None:
    trials = tried(
        "  a: {findings: [{signal: work.named}], expect: review, category: works, rule: work.named}\n"
        "  b: {findings: [{signal: text.classifier, category: hate, score: 0.49}], expect: allow}\n"
        "  c: {findings: [{signal: account.suspended}], expect: block}\n"
        "  d: {findings: [], expect: allow}\n"
    )
    assert {trial.status for trial in trials.values()} == {TrialStatus.PASSED}
    assert str(trials["a"]) == "a: passed: review (works) by work.named"


def test_a_context_that_a_test_names_makes_it_stricter() -> None:
    trials = tried(
        "  adult: {findings: [{signal: work.named}], expect: review}\n"
        "  young: {findings: [{signal: work.named}], context: {adult: false}, expect: block, rule: 'context:young'}\n"
    )
    assert {trial.status for trial in trials.values()} == {TrialStatus.PASSED}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("expect: block", "expected block, got review (works) by work.named"),
        ("expect: review, category: hate", "expected category hate, got review (works) by work.named"),
        ("expect: review, rule: work.opted_out", "expected rule work.opted_out, got review (works) by work.named"),
    ],
)  # fmt: skip
def test_what_comes_out_otherwise_fails_and_says_what_was_wanted(wanted: str, sentence: str) -> None:
    trial = tried(f"  a: {{findings: [{{signal: work.named}}], {wanted}}}\n")["a"]
    assert (trial.status, trial.sentence) == (TrialStatus.FAILED, sentence)


def test_words_are_judged_by_the_text_model_where_there_is_one() -> None:
    asked: list[tuple[str, bool]] = []

    def judge(text: str, context: PolicyContext) -> Ruling:
        asked.append((text, context.adult))
        return (
            Ruling(Verdict.BLOCK, Category.HATE, "r") if "hate" in text else Ruling(Verdict.ALLOW, None, "r")
        )

    trials = tried(
        "  kind: {text: a lighthouse, expect: allow}\n"
        "  rude: {text: hate speech, context: {adult: false}, expect: block, category: hate}\n",
        judge,
    )
    assert {trial.status for trial in trials.values()} == {TrialStatus.PASSED}
    assert asked == [("a lighthouse", True), ("hate speech", False)]


def test_without_a_text_model_words_are_not_run_which_is_no_pass() -> None:
    assert tried("  a: {text: hello, expect: allow}\n")["a"].status is TrialStatus.NOT_RUN


def test_words_that_could_not_be_judged_fail_though_the_verdict_is_the_expected_one() -> None:
    def judge(_text: str, _context: PolicyContext) -> Ruling:
        return Ruling(Verdict.REVIEW, None, "r", unjudged=("prompt.text",))

    trial = tried("  a: {text: hello, expect: review}\n", judge)["a"]
    assert (trial.status, trial.sentence) == (TrialStatus.FAILED, "could not be judged by prompt.text")


def unreadable(_text: str, context: PolicyContext) -> Ruling:
    failed = CheckReport("prompt.text", 1, CheckStatus.UNJUDGED, "1", (), "language.unsupported")
    return rule(document(RULES), [failed], context)


def test_a_test_may_be_about_why_a_check_could_not_judge() -> None:
    trials = tried(
        "  a: {text: ประภาคาร, expect: review, cause: language.unsupported}\n"
        "  b: {text: ประภาคาร, expect: review, cause: timeout}\n"
        "  c: {text: ประภาคาร, expect: review}\n"
        "  d: {findings: [], expect: review, cause: timeout, rule: 'engine:unjudged'}\n"
        "  e: {findings: [], expect: allow, cause: timeout}\n",
        unreadable,
    )
    sentence = "could not be judged by prompt.text: language.unsupported"
    assert {name: (trial.status.value, trial.sentence) for name, trial in trials.items()} == {
        "a": ("passed", "review (no category) by engine:unjudged"),
        "b": ("failed", sentence),
        "c": ("failed", sentence),
        "d": ("passed", "review (no category) by engine:unjudged"),
        "e": ("failed", "expected allow, got review (no category) by engine:unjudged"),
    }


def test_a_text_that_is_judged_after_all_does_not_pass_as_one_that_could_not_be() -> None:
    def judge(_text: str, _context: PolicyContext) -> Ruling:
        return Ruling(Verdict.REVIEW, None, "r")

    trial = tried("  a: {text: hello, expect: review, cause: language.unsupported}\n", judge)["a"]
    assert trial.sentence == "expected cause language.unsupported, got review (no category)"


def test_tests_are_part_of_the_revision() -> None:
    with_test = document(f"{RULES}tests:\n  a: {{findings: [], expect: allow}}\n")
    assert with_test.revision != document(RULES).revision
    assert parse_document(with_test.content, name="again").tests == with_test.tests


def test_the_shipped_policy_carries_tests_and_passes_those_that_need_no_model() -> None:
    trials = try_document(shipped_document())
    assert [str(trial) for trial in trials if trial.status is TrialStatus.FAILED] == []
    assert len([trial for trial in trials if trial.status is TrialStatus.PASSED]) >= 10


# Lines are counted in the whole document: `format` and `name` are lines 1 and 2, the tests begin on line 10.
GOLDEN = {
    "neither findings nor words": (
        "  a: {expect: allow}",
        "mine.yaml:11: test a gives neither findings nor a text\n"
        "  hint: give one of them: findings, or a text [policy.test_form]",
    ),
    "both": (
        "  a: {findings: [], text: hello, expect: allow}",
        "mine.yaml:11: test a gives both findings and a text\n"
        "  hint: give one of them: findings, or a text [policy.test_form]",
    ),
    "an unknown signal": (
        "  a:\n    findings:\n      - {signal: work.namd}\n    expect: review",
        "mine.yaml:13: 'work.namd' is no signal that any check gives\n"
        "  hint: did you mean 'work.named'? [policy.unknown_signal]",
    ),
    "no category where there are many": (
        "  a: {findings: [{signal: joint.text}], expect: review}",
        "mine.yaml:11: a finding of joint.text is about one category, and none is given\n"
        "  hint: add category: one of deception, harassment, hate, illicit, minors, politics, private_person, "
        "public_figure, self_harm, sexual, shock, violence, works [policy.missing_category]",
    ),
    "a category the signal does not speak of": (
        "  a: {findings: [{signal: work.named, category: hate}], expect: review}",
        "mine.yaml:11: work.named says nothing about 'hate'\n"
        "  hint: its categories are: works [policy.foreign_category]",
    ),
    "a category of an account": (
        "  a: {findings: [{signal: account.suspended, category: hate}], expect: block}",
        "mine.yaml:11: account.suspended says nothing about 'hate'\n"
        "  hint: remove the category [policy.foreign_category]",
    ),
    "a context that words cannot have": (
        "  a: {text: hello, context: {stage: output}, expect: allow}",
        "mine.yaml:11: test a is in words, and says 'stage' of its context\n"
        "  hint: a text is judged as a request: only adult and feed can be said of it [policy.test_form]",
    ),
    "no expectation": (
        "  a: {findings: []}",
        "mine.yaml:11: tests / a lacks 'expect'\n"
        "  hint: add it; the shipped policy shows the form [policy.missing_key]",
    ),
    "a verdict that is none": (
        "  a: {findings: [], expect: refuse}",
        "mine.yaml:11: tests / a / expect is 'refuse', which is not one of its values\n"
        "  hint: the values are: allow, block, review [policy.not_a_choice]",
    ),
    "a flag in other words": (
        "  a: {findings: [], context: {adult: 1}, expect: allow}",
        "mine.yaml:11: tests / a / context / adult is 1, not true or false\n"
        "  hint: correct the value or its indentation [policy.wrong_type]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tests", "golden"), GOLDEN.values(), ids=GOLDEN)
def test_a_test_that_cannot_be_run_is_refused_with_line_and_hint(tests: str, golden: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        parse_document(document_text(f"{RULES}tests:\n{tests}"), name="mine.yaml")
    assert str(refused.value) == golden
