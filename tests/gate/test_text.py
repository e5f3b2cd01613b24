"""What a prompt or a transcript says: absolute rules first, then the classifier; a model that is away could not judge."""

import pytest

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import (
    OutputMinorsCheck,
    OutputSpeechCheck,
    PromptMinorsCheck,
    PromptTextCheck,
    strongest_per_category,
)
from moderation.gate.subjects import Observed, Spoken
from policies.findings import AudioInterval, Finding, TextSpan, WholeField
from policies.taxonomy import Category, Verdict
from tests.support.senses import broken, text_model
from tests.support.subjects import clip, gate, output, request

ABSOLUTE = "a sexual video of a 12 year old girl"


def said(*words: str) -> Observed[tuple[Spoken, ...]]:
    """Utterances of a second each, one every two seconds."""
    return Observed(tuple(Spoken(2.0 * n, 2.0 * n + 1, text) for n, text in enumerate(words)))


def test_an_absolute_rule_on_the_prompt_blocks_and_points_at_what_was_typed() -> None:
    [finding] = PromptMinorsCheck().examine(request(f"Please make {ABSOLUTE}."))
    assert (finding.category, finding.signal, finding.score) == (Category.MINORS, "text.absolute", 1.0)
    assert isinstance(finding.where, TextSpan)
    assert finding.where.field == "prompt"
    assert f"Please make {ABSOLUTE}."[finding.where.start : finding.where.end].startswith("sexual")


def test_an_absolute_rule_skips_every_later_check() -> None:
    model, slot = text_model()
    judgement = gate(requests=[PromptMinorsCheck(), PromptTextCheck(slot, "r")]).judge_request(
        request(ABSOLUTE)
    )
    assert judgement.verdict is Verdict.BLOCK
    assert judgement.ruling.absolute
    assert judgement.ruling.skipped == ("prompt.text",)
    assert model.asked == []


def test_a_disguised_absolute_prompt_is_found_where_it_was_typed() -> None:
    disguised = ABSOLUTE.replace("sexual", "s\u200bexual").replace("e", "е")  # Cyrillic е, a zero-width space
    [finding] = PromptMinorsCheck().examine(request(disguised))
    assert isinstance(finding.where, TextSpan)
    assert disguised[finding.where.start : finding.where.end] == "s\u200bеxual vidеo of a 12 yеar old"


def test_the_classifier_reads_the_prompt_and_its_finding_says_where() -> None:
    _, slot = text_model()
    [finding] = PromptTextCheck(slot, "weights-1").examine(request("a floor of blood"))
    assert finding == Finding(
        Category.VIOLENCE, "text.classifier", 0.97, TextSpan("prompt", 11, 16), "prompt.text", "keywords-1", "blood"
    )  # fmt: skip


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t"])
def test_an_empty_prompt_beside_pictures_says_nothing_and_loads_no_model(prompt: str) -> None:
    assert PromptTextCheck(broken(), "r").examine(request(prompt)) == []


def test_a_model_that_cannot_be_loaded_holds_the_request() -> None:
    judgement = gate(requests=[PromptTextCheck(broken(), "missing")]).judge_request(request())
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.reports[0].cause == "error"


def test_a_language_that_is_not_read_is_held_and_named() -> None:
    _, slot = text_model()
    judgement = gate(requests=[PromptTextCheck(slot, "r")]).judge_request(request("ügyes kislány"))
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.reports[0].cause == "language.unsupported"
    assert judgement.ruling.rules[0].reason == "language.unsupported"


def test_an_absolute_rule_on_what_is_said_blocks_with_the_interval() -> None:
    [finding] = OutputMinorsCheck().examine(output(clip(speech=said("hello", ABSOLUTE))))
    assert (finding.category, finding.where) == (Category.MINORS, AudioInterval("a" * 64, 2.0, 3.0))


def test_silence_says_nothing_and_loads_no_model() -> None:
    assert OutputSpeechCheck(broken(), "r").examine(output(clip(speech=said()))) == []
    assert OutputSpeechCheck(broken(), "r").examine(output(clip(speech=said("", "  ")))) == []


def test_speech_is_read_utterance_by_utterance_and_as_a_whole_so_that_pauses_hide_nothing() -> None:
    model, slot = text_model()
    findings = OutputSpeechCheck(slot, "r").examine(
        output(clip(speech=said("there was", "blood everywhere")))
    )
    assert model.asked == ["there was", "blood everywhere", "there was blood everywhere"]
    assert [(f.signal, f.category, f.where) for f in findings] == [
        ("speech.classifier", Category.VIOLENCE, AudioInterval("a" * 64, 2.0, 3.0))
    ]


def test_one_utterance_is_read_once() -> None:
    model, slot = text_model()
    OutputSpeechCheck(slot, "r").examine(output(clip(speech=said("just this"))))
    assert model.asked == ["just this"]


@pytest.mark.parametrize("check", [OutputMinorsCheck(), OutputSpeechCheck(text_model()[1], "r")])
def test_speech_that_was_not_heard_could_not_be_judged(check: OutputMinorsCheck | OutputSpeechCheck) -> None:
    with pytest.raises(CouldNotJudge) as caught:
        check.examine(output(clip(speech=Observed(cause="model.missing"))))
    assert caught.value.cause == "model.missing"


def test_of_each_category_the_strongest_finding_is_kept_in_the_order_of_the_policy() -> None:
    def found(category: Category | None, score: float) -> Finding:
        return Finding(category, "s", score, WholeField("w"), "c", "r")

    findings = [found(Category.VIOLENCE, 0.2), found(Category.VIOLENCE, 0.9), found(Category.SEXUAL, 0.3)]
    kept = strongest_per_category([*findings, found(None, 1.0)])
    assert [(f.category, f.score) for f in kept] == [
        (None, 1.0),
        (Category.SEXUAL, 0.3),
        (Category.VIOLENCE, 0.9),
    ]
