"""The gate: which facts make the policy stricter, what a tier that blocks skips, and judgements changed while committing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.account import AccountCheck, quota_exhausted_report
from moderation.gate.checks.likenesses import LikenessCheck
from moderation.gate.checks.text import PromptMinorsCheck
from moderation.gate.gate import Gate, context_of
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import LikenessUse, RequestSubject
from policies.document import PolicyDocument, shipped_document
from policies.findings import CheckReport, CheckStatus, Finding, WholeField
from policies.taxonomy import Category, Stage, Verdict
from tests.support.subjects import ACCOUNT, ADA, clip, gate, output, request

CHILD = replace(ADA, likeness_id="lik_child", minor=True)


@dataclass
class Says:
    """A check that finds one score of violence, or raises."""

    name: str = "says"
    tier: int = 1
    revision: str = "1"
    score: float = 0.0
    error: Exception | None = None
    ran: int = 0

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """The scripted answer."""
        self.ran += 1
        if self.error:
            raise self.error
        where = WholeField("prompt")
        return [
            Finding(Category.VIOLENCE, "text.classifier", self.score, where, self.name, self.revision)
        ] * bool(self.score)


def test_the_context_names_every_fact_that_makes_rules_stricter() -> None:
    plain = context_of(Stage.REQUEST, request(), ())
    assert context_of(Stage.OUTPUT, output(clip()), ()) == replace(plain, stage=Stage.OUTPUT)
    assert (plain.adult, plain.feed, plain.real_person, plain.minor_present) == (True, False, False, False)
    young = replace(ACCOUNT, under_18=True)
    strict = context_of(Stage.REQUEST, request(account=young, feed=True, likenesses=(CHILD,)), (CHILD,))
    assert (strict.adult, strict.feed, strict.real_person, strict.minor_present) == (False, True, True, True)


def test_a_likeness_of_an_adult_is_a_real_person_and_no_minor() -> None:
    context = context_of(Stage.REQUEST, request(likenesses=(ADA,)), (ADA,))
    assert (context.real_person, context.minor_present) == (True, False)


def test_one_minor_among_several_likenesses_counts() -> None:
    assert context_of(Stage.OUTPUT, output(clip(), ADA, CHILD), (ADA, CHILD)).minor_present


@pytest.mark.parametrize(
    ("prompt", "present"), [("a 9 year old girl on a swing", True), ("a lighthouse in a storm", False)]
)
def test_a_child_spoken_of_counts_as_present(prompt: str, present: bool) -> None:
    assert context_of(Stage.REQUEST, request(prompt), ()).minor_present is present


def test_a_refused_likeness_is_still_a_real_person() -> None:
    refused = LikenessUse("@bo", "likeness.not_granted")
    judgement = gate(requests=[LikenessCheck()]).judge_request(request(likenesses=(refused,)))
    assert judgement.context.real_person


def test_an_output_shows_only_whom_it_was_approved_to_show() -> None:
    judged = gate(outputs=[]).judge_output(output(clip(), ADA))
    assert (judged.stage, judged.context.real_person) == (Stage.OUTPUT, True)


def test_a_gate_without_checks_is_never_an_allow() -> None:
    assert gate().judge_request(request()).verdict is Verdict.REVIEW
    assert gate().judge_output(output(clip())).verdict is Verdict.REVIEW


def test_a_review_in_an_early_tier_skips_nothing() -> None:
    early, late = Says("early", 0, score=0.4), Says("late", 2)
    judgement = gate(requests=[late, early]).judge_request(request())
    assert (judgement.verdict, judgement.ruling.skipped, late.ran) == (Verdict.REVIEW, (), 1)
    assert [report.check for report in judgement.reports] == ["early", "late"]


def test_a_block_in_an_early_tier_skips_all_later_tiers_and_completes_its_own() -> None:
    early, beside, late = Says("early", 0, score=1.0), Says("beside", 0), Says("late", 1)
    judgement = gate(requests=[late, early, beside]).judge_request(request())
    assert judgement.verdict is Verdict.BLOCK
    assert (beside.ran, late.ran) == (1, 0)
    assert judgement.ruling.skipped == ("late",)


def test_a_check_that_could_not_judge_does_not_stop_the_others() -> None:
    blind, late = Says("blind", 0, error=CouldNotJudge("index.stale")), Says("late", 1)
    judgement = gate(requests=[blind, late]).judge_request(request())
    assert (judgement.verdict, judgement.ruling.unjudged, late.ran) == (Verdict.REVIEW, ("blind",), 1)


def test_a_fact_learned_while_committing_replaces_what_the_check_said() -> None:
    here = gate(requests=[AccountCheck(), Says()])
    judged = here.judge_request(request())
    assert judged.verdict is Verdict.ALLOW
    changed = here.with_report(judged, quota_exhausted_report())
    assert changed.verdict is Verdict.BLOCK
    assert sorted(report.check for report in changed.reports) == ["request.account", "says"]
    assert (changed.context, changed.registry_version) == (judged.context, judged.registry_version)


def test_a_fact_of_a_check_that_did_not_run_is_added() -> None:
    here = gate(requests=[Says()])
    changed = here.with_report(here.judge_request(request()), quota_exhausted_report())
    assert [report.check for report in changed.reports] == ["says", "request.account"]


@pytest.mark.parametrize("stage", [Stage.REQUEST, Stage.OUTPUT])
def test_a_subject_nobody_could_look_at_is_held_with_the_cause(stage: Stage) -> None:
    report = CheckReport("gate", 0, CheckStatus.UNJUDGED, "1", (), "exhausted.OSError")
    judgement = gate().without_checks(stage, report)
    assert (judgement.stage, judgement.verdict) == (stage, Verdict.REVIEW)
    assert judgement.ruling.unjudged == ("gate",)
    assert judgement.statement.user_text


def test_the_policy_is_asked_anew_for_every_judgement() -> None:
    given: list[PolicyDocument] = []

    def policy() -> PolicyDocument:
        given.append(shipped_document())
        return given[-1]

    here = Gate(request_checks=[Says()], output_checks=[], policy=policy, runner=CheckRunner(timeout_s=5))
    here.judge_request(request())
    judged = here.judge_request(request())
    assert len(given) == 2
    assert judged.policy_revision == shipped_document().revision


def test_a_policy_that_is_away_judges_nothing() -> None:
    def away() -> PolicyDocument:
        raise OSError("the database is away")

    asked = Says()
    here = Gate(request_checks=[asked], output_checks=[], policy=away, runner=CheckRunner(timeout_s=5))
    with pytest.raises(OSError, match="away"):
        here.judge_request(request())
    assert asked.ran == 0


def test_the_statement_quotes_nothing_of_the_prompt() -> None:
    prompt = "a sexual video of a 12 year old girl named Zebedee"
    statement = gate(requests=[PromptMinorsCheck()]).judge_request(request(prompt)).statement
    assert statement.user_text
    assert statement.dsa is not None
    for text in (statement.user_text, statement.operator_text, statement.edit or ""):
        assert "Zebedee" not in text


def test_categories_come_in_the_order_of_the_policy() -> None:
    refused = LikenessUse("@bo", "likeness.not_granted")
    here = gate(requests=[LikenessCheck(), Says(score=1.0)])
    assert here.judge_request(request(likenesses=(refused,))).categories == ("violence", "private_person")


def test_the_coverage_lists_every_check_of_both_stages() -> None:
    assert gate(requests=[AccountCheck(), LikenessCheck()]).coverage() == (
        "request.account",
        "request.likenesses",
    )
