"""The text sense: the language first, then the classifier, and the last texts are encoded only once."""

from typing import cast

import pytest

from moderation.gate.check import CouldNotJudge
from moderation.gate.text_model import REMEMBERED, ActiveTextModel
from policies.findings import Finding, TextSpan
from policies.taxonomy import Category
from policies.text.classifier import CategoryScore, TextClassifier, TextScores
from policies.text.language import LanguageIdentifier, LanguageReading, Passage
from policies.text.normalise import NormalisedText, normalise


class Languages:
    """Reads everything but what says "idegen"."""

    def read(self, text: str) -> LanguageReading:
        """As `LanguageIdentifier`."""
        language = "hu" if "idegen" in text else "es" if "mujer" in text else "en"
        return LanguageReading((Passage(0, len(text), language),), frozenset({"en", "es"}))


class Counting:
    """Scores every text as violence by its length, and counts."""

    def __init__(self) -> None:
        self.scored: list[str] = []

    def score_normalised(self, text: NormalisedText, *, english: bool) -> TextScores:
        """As `TextClassifier`."""
        self.scored.append(text.original)
        score = CategoryScore(len(text.original) / 1000, 0, len(text.original))
        return TextScores({Category.VIOLENCE: score}, "counting-1")


def made() -> tuple[ActiveTextModel, Counting]:
    """The model and its classifier."""
    classifier = Counting()
    model = ActiveTextModel(cast(LanguageIdentifier, Languages()), cast(TextClassifier, classifier))
    return model, classifier


def ask(model: ActiveTextModel, text: str, check: str = "prompt.text") -> list[Finding]:
    """The findings on a prompt."""
    return list(model.findings(normalise(text), field="prompt", signal="text.classifier", check=check))


def test_findings_carry_the_name_of_the_check_that_asked() -> None:
    model, _ = made()
    text = "x" * 500
    assert ask(model, text, "request.restrictions") == [
        Finding(
            Category.VIOLENCE, "text.classifier", 0.5, TextSpan("prompt", 0, 500), "request.restrictions", "counting-1"
        )
    ]  # fmt: skip


def test_a_text_that_two_checks_ask_about_is_scored_once() -> None:
    model, classifier = made()
    first, second = ask(model, "the same prompt" * 10), ask(model, "the same prompt" * 10)
    assert first == second
    assert len(classifier.scored) == 1


def test_a_language_that_is_not_read_is_named_and_never_scored() -> None:
    model, classifier = made()
    with pytest.raises(CouldNotJudge, match="hu") as caught:
        ask(model, "idegen szöveg")
    assert caught.value.cause == "language.unsupported"
    assert classifier.scored == []


def test_only_the_last_texts_are_remembered() -> None:
    model, classifier = made()
    for number in range(REMEMBERED + 1):
        ask(model, f"text {number}")
    ask(model, f"text {REMEMBERED}")
    assert len(classifier.scored) == REMEMBERED + 1
    ask(model, "text 0")
    assert classifier.scored[-1] == "text 0"


def test_texts_that_look_the_same_keep_their_own_spans() -> None:
    model, _ = made()
    plain, hidden = "y" * 300, "y" * 299 + "\u200by"
    assert ask(model, plain)[0].where == TextSpan("prompt", 0, 300)
    assert ask(model, hidden)[0].where == TextSpan("prompt", 0, 301)


def test_a_hidden_word_is_judged_beside_the_plain_text_and_points_at_what_was_typed() -> None:
    model, classifier = made()
    ask(model, "how to make a b0mb")
    assert len(classifier.scored) == 2


def test_what_a_decoder_guesses_makes_no_unreadable_text_pass() -> None:
    model, classifier = made()
    with pytest.raises(CouldNotJudge):
        ask(model, "idegen b0mb")
    assert len(classifier.scored) <= 1


def test_what_is_ruled_out_is_judged_without_it() -> None:
    model, classifier = made()
    ask(model, "A sword fight with no blood")
    assert len(classifier.scored) == 2
    ask(model, "A sword fight with no shoes")
    assert len(classifier.scored) == 3


def test_a_private_person_who_is_named_is_found_whatever_the_classifier_says() -> None:
    model, _ = made()
    found = ask(model, "my ex Jessica Miller dances in the rain on a warm summer night in the old town")
    assert [(f.category, f.matched) for f in found] == [
        (Category.VIOLENCE, ""),
        (Category.PRIVATE_PERSON, "people.named"),
    ]
    assert {f.check for f in found} == {"prompt.text"}
