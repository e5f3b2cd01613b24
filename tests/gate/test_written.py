"""What is written in pictures and frames, judged as text: alone, all together, and read as one with the prompt."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.public_figures.names import FigureMatcher
from consent.works.names import WorkMatcher
from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.frames import (
    OutputTextCheck,
    ReferenceTextCheck,
    WeaponCheck,
    WrittenMinorsCheck,
    WrittenNamesCheck,
)
from moderation.gate.checks.joint import readings_of
from moderation.gate.checks.writing import Sign, is_passage, signs_of, whole
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import FrameLook, FrameText, Media, Observed
from policies.findings import FrameBox
from policies.taxonomy import Verdict
from policies.text.normalise import normalise
from tests.support.senses import broken, text_model
from tests.support.subjects import clip, gate, output, picture, request


def line(text: str, time_s: float = 0.0, row: int = 0) -> FrameText:
    return FrameText(time_s, text, 0.95, 0.1, round(0.1 * row, 2), 0.9, round(0.1 * row + 0.08, 2))


def frame(*lines: str, time_s: float = 0.0) -> tuple[FrameText, ...]:
    """The lines of one frame, from above."""
    return tuple(line(text, time_s, row) for row, text in enumerate(lines))


def clip_of(*frames: tuple[FrameText, ...], **more: object) -> Media:
    return clip(text=Observed(tuple(one for each in frames for one in each)), **more)


def picture_of(*lines: str, labels: tuple[str, ...] = ()) -> Media:
    return picture(text=Observed(frame(*lines)), looks=Observed((FrameLook(0.0, 0.0, labels),)))


def test_a_sign_is_what_one_frame_shows_and_each_is_judged_once() -> None:
    media = clip_of(frame("FRESH", "BREAD"), frame("FRESH", "BREAD", time_s=2.0), frame("CLOSED", time_s=4.0))
    assert [sign.text for sign in signs_of(media)] == ["FRESH\nBREAD", "CLOSED"]
    assert [sign.text for sign in whole(signs_of(media))] == [
        "FRESH\nBREAD",
        "CLOSED",
        "FRESH\nBREAD\nCLOSED",
    ]


def test_a_finding_points_at_the_lines_it_lies_on() -> None:
    sign = Sign("a", frame("HAPPY", "DAYS", "HERE", time_s=1.5))
    assert sign.place(6, 10) == FrameBox("a", 1.5, 0.1, 0.1, 0.9, 0.18)
    assert sign.place(0, 15) == FrameBox("a", 1.5, 0.1, 0.0, 0.9, 0.28)


def test_words_in_a_frame_are_found_with_their_time_and_box() -> None:
    _, slot = text_model()
    check = OutputTextCheck(slot, "stub")
    (found,) = check.examine(output(clip_of(frame("welcome", "to blood", time_s=3.0))))
    assert (found.signal, found.score, found.check) == ("frame.text", 0.97, "output.text")
    assert found.where == FrameBox("a" * 64, 3.0, 0.1, 0.1, 0.9, 0.18)


def test_where_nothing_is_written_the_model_is_not_even_loaded() -> None:
    assert OutputTextCheck(broken(), "stub").examine(output(clip())) == []
    assert ReferenceTextCheck(broken(), "stub").examine(request(references=(picture(),))) == []


@pytest.mark.parametrize("check", [OutputTextCheck(broken(), "s"), WrittenMinorsCheck("output.text_minors")])
def test_frames_that_nobody_could_read_could_not_be_judged(check: Any) -> None:
    with pytest.raises(CouldNotJudge) as caught:
        check.examine(output(clip(text=Observed(cause="model.missing"))))
    assert caught.value.cause == "model.missing"
    verdict = gate(outputs=[check]).judge_output(output(clip(text=Observed(cause="model.missing")))).verdict
    assert verdict is Verdict.REVIEW


def test_a_fragment_in_a_foreign_language_is_left_out_and_the_rest_is_judged() -> None:
    _, slot = text_model()  # it cannot read what says "ügyes"
    found = OutputTextCheck(slot, "s").examine(output(clip_of(frame("ügyes", "blood bank"))))
    assert [finding.score for finding in found] == [0.97]
    assert OutputTextCheck(slot, "s").examine(output(clip_of(frame("ügyes")))) == []


def test_a_passage_in_a_foreign_language_could_not_be_judged() -> None:
    _, slot = text_model()
    with pytest.raises(CouldNotJudge) as caught:
        OutputTextCheck(slot, "s").examine(output(clip_of(frame("ügyes ember nem kap hideg vizet soha"))))
    assert caught.value.cause == "language.unsupported"


@pytest.mark.parametrize(
    ("lines", "passage"),
    [
        (("STRASSE",), False),
        (("出口",), False),
        (("禁止在此处停车",), True),
        (("Betreten der Baustelle", "verboten"), True),
        (("12:30", "42"), False),
    ],
)
def test_what_is_a_passage(lines: tuple[str, ...], passage: bool) -> None:
    assert is_passage(lines) is passage


def test_absolute_rules_hold_for_what_is_written_and_for_prompt_and_picture_read_as_one() -> None:
    check = WrittenMinorsCheck("reference.minors")
    written = request("animate this", references=(picture_of("sexy 12 year old girl"),))
    joint = request("animate this girl, 12 years old", references=(picture_of("naked in bed"),))
    for subject in (written, joint):
        (found,) = check.examine(subject)
        assert found.signal == "text.absolute"
        assert isinstance(found.where, FrameBox)
        assert gate(requests=[check]).judge_request(subject).ruling.absolute
    assert check.examine(request("a school play", references=(picture_of("Class 4b"),))) == []


def test_what_prompt_and_picture_say_only_together_is_a_finding_of_its_own() -> None:
    class Together:
        """Finds harm only where both words are."""

        def findings(self, text: Any, *, field: str, signal: str, check: str) -> Any:
            _, slot = text_model()
            if "look who smells" in text.text and "skunk" in text.text:
                return [
                    replace(found, where=found.where)
                    for found in slot.get().findings(
                        replace_text(text), field=field, signal=signal, check=check
                    )
                ]
            return ()

    def replace_text(_text: Any) -> Any:
        from policies.text.normalise import normalise

        return normalise("blood")

    check = ReferenceTextCheck(Lazy(Together), "s")
    subject = request("look who smells", references=(picture_of(labels=("skunk",)),))
    (found,) = check.examine(subject)
    assert (found.signal, found.score) == ("joint.text", 0.97)
    assert gate(requests=[check]).judge_request(subject).verdict is Verdict.BLOCK
    assert check.examine(request("look who smells", references=(picture_of(labels=("rose",)),))) == []


def test_what_either_says_alone_is_not_found_a_second_time() -> None:
    _, slot = text_model()
    found = ReferenceTextCheck(slot, "s").examine(request("blood", references=(picture_of("a sign"),)))
    assert [finding.signal for finding in found] == []


def test_a_reader_puts_the_prompt_before_what_is_written_and_what_is_shown() -> None:
    media = picture_of("EXIT", "ONLY", labels=("skunk",))
    assert readings_of(" look ", media) == ("look\nEXIT\nONLY", "look skunk")
    assert readings_of("", media) == ()
    assert readings_of("look", picture_of()) == ()


@pytest.fixture(scope="module")
def names() -> WrittenNamesCheck:
    return WrittenNamesCheck("output.names", 1, Lazy(FigureMatcher), Lazy(WorkMatcher), "s")


def test_a_caption_that_names_a_public_figure_or_a_character_is_looked_at(names: WrittenNamesCheck) -> None:
    found = names.examine(
        output(clip_of(frame("Taylor Swift", time_s=2.0), frame("Mickey Mouse", time_s=4.0)))
    )
    assert [finding.signal for finding in found] == ["frame.figure_named", "frame.work_named"]
    assert [finding.where.time_s for finding in found if isinstance(finding.where, FrameBox)] == [2.0, 4.0]


@pytest.mark.parametrize("text", ["Lincoln Street", "Nike", "Jane Miller", "FRESH BREAD"])
def test_streets_brands_in_passing_and_unknown_names_are_no_finding(
    names: WrittenNamesCheck, text: str
) -> None:
    assert names.examine(output(clip_of(frame(text)))) == []


def looks(*scores: float) -> Media:
    return clip(looks=Observed(tuple(FrameLook(float(n), score) for n, score in enumerate(scores))))


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [((0.02, 0.03), Verdict.ALLOW), ((0.1, 0.7), Verdict.ALLOW), ((0.95, 0.1), Verdict.REVIEW)],
)
def test_a_firearm_alone_is_looked_at_only_where_it_fills_the_frame(
    scores: tuple[float, ...], verdict: Verdict
) -> None:
    check = WeaponCheck("output.weapon", 1, "s")
    assert gate(outputs=[check]).judge_output(output(looks(*scores))).verdict is verdict


def test_a_classifier_that_failed_could_not_judge() -> None:
    with pytest.raises(CouldNotJudge):
        WeaponCheck("output.weapon", 1, "s").examine(output(clip(looks=Observed(cause="error"))))


def test_what_only_repeats_a_prompt_that_was_judged_is_not_judged_again(names: WrittenNamesCheck) -> None:
    _, slot = text_model()
    check = OutputTextCheck(slot, "s")
    prompt = "Elvis Presley in a film about blood. Then he sings."
    media = clip_of(frame("Elvis Presley in a film", "about blood."), frame("Then he sings", time_s=2.0))
    judged = output(media, prompt=prompt, prompt_judged=True, today=date(2026, 3, 1))
    assert check.examine(judged) == []
    assert names.examine(judged) == []
    unjudged = output(media, prompt=prompt, today=date(2026, 3, 1))
    assert [finding.signal for finding in check.examine(unjudged)] == ["frame.text"]
    assert [finding.signal for finding in names.examine(unjudged)] == ["frame.figure_named"]


@pytest.mark.parametrize("text", ["blood film", "bloody", "he sings about blood"])
def test_words_of_the_prompt_in_another_order_or_inside_other_words_are_judged(text: str) -> None:
    _, slot = text_model()
    subject = output(clip_of(frame(text)), prompt="a film about blood. he sings", prompt_judged=True)
    assert OutputTextCheck(slot, "s").examine(subject)


def test_words_of_the_prompt_spread_over_frames_in_another_order_are_judged() -> None:
    class Sentence:
        """Finds harm only in the sentence."""

        def findings(self, text: Any, *, field: str, signal: str, check: str) -> Any:
            _, slot = text_model()
            harmful = "hate us all" in " ".join(text.text.split())
            return (
                slot.get().findings(normalise("blood"), field=field, signal=signal, check=check)
                if harmful
                else ()
            )

    check = OutputTextCheck(Lazy(Sentence), "s")
    prompt = "Cats hate rain. It is not for all of us."
    shown = [frame(word, time_s=float(n)) for n, word in enumerate(("hate", "us", "all"))]
    (found,) = check.examine(output(clip_of(*shown), prompt=prompt, prompt_judged=True))
    assert found.score == 0.97


def test_what_can_only_be_read_apart_could_not_be_judged_together() -> None:
    class Short:
        """Tells a foreign language from three words on."""

        def findings(self, text: Any, **_: str) -> Any:
            if len(text.text.split()) > 2:
                raise CouldNotJudge("language.unsupported", "prompt")
            return ()

    check = ReferenceTextCheck(Lazy(Short), "s")
    with pytest.raises(CouldNotJudge):
        check.examine(request("tod den", references=(picture_of("anderen"),)))
    assert check.examine(request("tod den anderen", references=(picture_of("da"),))) == []
