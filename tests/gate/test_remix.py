"""Prompts of a chain of remixes, read as one: what they say only in order."""

from collections.abc import Sequence

import pytest

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.remix import RemixMinorsCheck, RemixTextCheck
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import RequestSubject
from policies.findings import Finding, TextSpan, WholeField
from policies.taxonomy import Category, Verdict
from policies.text.normalise import NormalisedText
from tests.support.senses import broken, text_model
from tests.support.subjects import gate, request


class InOrder:
    """Finds violence where "the gun" comes before "aims", from the one word to the end of the other; none without both."""

    def findings(self, text: NormalisedText, *, field: str, signal: str, check: str) -> Sequence[Finding]:
        start, end = text.original.find("the gun"), text.original.find("aims")
        if not 0 <= start < end:
            return ()
        where = TextSpan(field, start, end + len("aims"))
        return (Finding(Category.VIOLENCE, signal, 0.9, where, check, "stub"),)


CHECK = RemixTextCheck(Lazy(InOrder), "stub")


def remix(prompt: str, *before: str) -> RequestSubject:
    return request(prompt, remix_parent="gen_1", remix_parent_state="released", remix_prompts=before)


def test_what_the_prompts_of_a_chain_say_only_in_order_is_found() -> None:
    (found,) = CHECK.examine(remix("he aims at us", "a man lifts the gun", "it is raining"))
    assert (found.category, found.signal, found.check) == (Category.VIOLENCE, "joint.text", "remix.text")
    assert CHECK.examine(remix("a man lifts the gun", "he aims at us")) == []
    assert CHECK.examine(remix("he aims at us", "a man lifts the net")) == []


def test_it_points_at_the_words_of_this_prompt_that_complete_it() -> None:
    (found,) = CHECK.examine(remix("he aims at us", "a man lifts the gun"))
    assert found.where == TextSpan("prompt", 0, len("he aims"))


def test_what_lies_wholly_in_the_remixed_prompts_points_at_the_remix() -> None:
    (found,) = CHECK.examine(remix("in the rain", "a man lifts the gun", "he aims"))
    assert found.where == WholeField("remix_parent")


def test_what_a_prompt_says_alone_is_not_found_again() -> None:
    _, slot = text_model()
    assert RemixTextCheck(slot, "stub").examine(remix("blood", "a lighthouse")) == []


def test_a_request_that_remixes_nothing_never_loads_the_model() -> None:
    check = RemixTextCheck(broken(), "stub")
    assert check.idle(request())
    assert check.examine(request()) == []


def test_a_chain_that_nobody_can_read_though_each_prompt_can_be_read_goes_to_a_person() -> None:
    class OneByOne:
        def findings(self, text: NormalisedText, **_: str) -> Sequence[Finding]:
            if "\n" in text.original:
                raise CouldNotJudge("language.unsupported")
            return ()

    check = RemixTextCheck(Lazy(OneByOne), "stub")
    with pytest.raises(CouldNotJudge, match="gen_1"):
        check.examine(remix("two", "one"))
    assert gate(requests=[check]).judge_request(remix("two", "one")).verdict is Verdict.REVIEW


def test_absolute_rules_hold_for_the_chain_that_no_prompt_of_it_breaks() -> None:
    check = RemixMinorsCheck()
    subject = remix("now she is naked in bed", "a girl, 12 years old, in her room")
    (found,) = check.examine(subject)
    assert (found.signal, found.check, found.where) == (
        "text.absolute",
        "remix.minors",
        TextSpan("prompt", 0, 16),
    )
    assert gate(requests=[check]).judge_request(subject).ruling.absolute
    assert check.examine(remix("now she reads in bed", "a girl, 12 years old, in her room")) == []
    assert check.examine(request("a girl, 12 years old")) == []
