"""An owner's rules on how their likeness may appear, at the request and in the finished clip."""

import pytest

from consent.likeness.restrictions import compile_restriction
from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.restrictions import OutputRestrictionsCheck, RequestRestrictionsCheck
from moderation.gate.subjects import LikenessUse, Observed, RestrictionRule, Spoken
from policies.findings import Finding, TextSpan, WholeField
from policies.taxonomy import Category, Verdict
from tests.support.senses import broken, text_model
from tests.support.subjects import clip, gate, output, request


def restricted(*rules: str) -> LikenessUse:
    """A permitted likeness whose owner wrote these rules."""
    compiled = [(words, compile_restriction(words)) for words in rules]
    restrictions = tuple(
        RestrictionRule(f"rule_{n}", words, one.refused, one.not_understood)
        for n, (words, one) in enumerate(compiled)
    )
    return LikenessUse("@ada", "ok", likeness_id="lik_ada", handle="ada", restrictions=restrictions)


def breaches(prompt: str, *rules: str) -> list[Finding]:
    """What the request check says."""
    _, slot = text_model()
    check = RequestRestrictionsCheck(slot, "r")
    return list(check.examine(request(prompt, likenesses=(restricted(*rules),))))


def test_without_restrictions_no_model_is_asked() -> None:
    check = RequestRestrictionsCheck(broken(), "r")
    assert check.examine(request("blood", likenesses=(restricted(),))) == []


def test_a_word_that_a_rule_refuses_is_found_where_it_stands() -> None:
    prompt = "Ada drinks wine by the sea"
    [finding] = breaches(prompt, "no alcohol")
    assert (finding.signal, finding.category) == ("likeness.restricted", Category.PRIVATE_PERSON)
    assert finding.where == TextSpan("prompt", prompt.index("wine"), prompt.index("wine") + 4)
    assert finding.matched == "no alcohol"


@pytest.mark.parametrize("disguised", ["w\u200bine", "wіne", "ｗｉｎｅ"])
def test_a_disguised_word_is_found_where_it_was_typed(disguised: str) -> None:
    [finding] = breaches(f"Ada drinks {disguised}", "no alcohol")
    assert finding.where == TextSpan("prompt", 11, 11 + len(disguised))


def test_a_category_that_a_rule_refuses_is_found_by_the_classifier() -> None:
    [finding] = breaches("a shove in the back", "no violence")
    assert (finding.signal, finding.where) == ("likeness.restricted", WholeField("prompt"))


def test_a_category_below_more_likely_than_not_does_not_count_as_shown() -> None:
    assert breaches("a nudge", "no violence") == []


def test_a_rule_that_nobody_understood_sends_every_use_to_a_person() -> None:
    _, slot = text_model()
    subject = request("a walk", likenesses=(restricted("only on tuesdays"),))
    judgement = gate(requests=[RequestRestrictionsCheck(slot, "r")]).judge_request(subject)
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.reports[0].findings[0].signal == "likeness.restriction_unclear"


def test_a_breach_is_refused_by_the_policy() -> None:
    _, slot = text_model()
    subject = request("Ada drinks wine", likenesses=(restricted("no alcohol"),))
    assert (
        gate(requests=[RequestRestrictionsCheck(slot, "r")]).judge_request(subject).verdict is Verdict.BLOCK
    )


def test_a_text_that_cannot_be_read_leaves_the_rule_unjudged() -> None:
    with pytest.raises(CouldNotJudge):
        breaches("ügyes", "no violence")


def test_an_empty_prompt_breaks_no_rule_and_loads_no_model() -> None:
    check = RequestRestrictionsCheck(broken(), "r")
    assert check.examine(request(" ", likenesses=(restricted("no alcohol"),))) == []


def test_what_is_said_in_the_clip_is_held_against_the_rules_too() -> None:
    _, slot = text_model()
    media = clip(speech=Observed((Spoken(0.0, 1.0, "have some wine"),)))
    findings = OutputRestrictionsCheck(slot, "r").examine(output(media, restricted("no alcohol")))
    assert [finding.signal for finding in findings] == ["likeness.restricted"]
    assert {finding.check for finding in findings} == {"output.restrictions"}
    assert findings[0].where == WholeField("transcript")


def test_the_prompt_is_held_against_the_rules_again_when_the_clip_is_judged() -> None:
    _, slot = text_model()
    subject = output(clip(), restricted("no alcohol"), prompt="wine o'clock")
    [finding] = OutputRestrictionsCheck(slot, "r").examine(subject)
    assert finding.where == TextSpan("prompt", 0, 4)


def test_a_clip_that_was_not_heard_leaves_the_rules_unjudged() -> None:
    _, slot = text_model()
    subject = output(clip(speech=Observed(cause="error")), restricted("no alcohol"))
    judgement = gate(outputs=[OutputRestrictionsCheck(slot, "r")]).judge_output(subject)
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.ruling.unjudged == ("output.restrictions",)
