"""Which scenarios are run, and how each must end."""

from pathlib import Path

import pytest

from moderation.demo.inputs import make_inputs
from moderation.demo.run import Result, short, told
from moderation.demo.scenarios import SCENARIOS, ScenarioUnknown, chosen
from moderation.media.errors import MediaRejected
from moderation.media.reader import open_media

RELEASED = next(one for one in SCENARIOS if one.expected == "released")
REFUSED = next(one for one in SCENARIOS if one.expected == "refused")


def test_without_a_choice_all_scenarios_are_run_as_they_are() -> None:
    assert tuple(chosen(())) == SCENARIOS


def test_only_those_named_are_run_and_clips_can_be_shortened() -> None:
    assert [(one.name, one.seconds) for one in chosen(["violating", "benign"], 2.0)] == [
        ("benign", 2.0),
        ("violating", 2.0),
    ]


def test_a_remix_brings_what_it_was_made_from() -> None:
    assert [one.name for one in chosen(["remix"])] == ["benign", "remix"]


def test_a_scenario_that_does_not_exist_is_refused_and_the_others_named() -> None:
    with pytest.raises(ScenarioUnknown, match="violating") as caught:
        chosen(["violent"])
    assert (caught.value.field, caught.value.value) == ("only", "violent")


def test_the_scenarios_cover_what_the_demonstration_promises() -> None:
    names = {one.name for one in SCENARIOS}
    assert names >= {
        "benign", "violating", "likeness with consent", "likeness without consent", "public figure", "remix",
        "malformed file", "held, then allowed",
    }  # fmt: skip
    assert {one.expected for one in SCENARIOS} == {"released", "refused"}
    assert len(names) == len(SCENARIOS) == 10


def test_a_release_is_as_expected_only_when_it_verifies_as_ours_and_intact() -> None:
    result = Result(RELEASED, "gen_1", state="released", file=Path("a.mp4"), answer="ours_intact")
    assert result.as_expected
    assert not Result(RELEASED, "gen_1", state="released", file=Path("a.mp4"), answer="unknown").as_expected
    assert not Result(RELEASED, "gen_1", state="refused").as_expected


def test_a_refusal_is_as_expected_only_when_no_file_came_out() -> None:
    assert Result(REFUSED, "gen_1", state="refused").as_expected
    assert not Result(REFUSED, "gen_1", state="refused", file=Path("a.mp4")).as_expected
    assert not Result(REFUSED, "gen_1", state="held").as_expected


def test_the_user_is_told_the_strictest_decision_without_its_place_and_rule() -> None:
    decisions = [
        {"verdict": "allow", "reasons": {"user_text": "fine"}},
        {"verdict": "review", "reasons": {"user_text": "held"}},
        {
            "verdict": "block",
            "reasons": {"user_text": "Refused. Category: works. Where: the prompt. Rule: x."},
        },
    ]
    assert told(decisions) == "Refused."
    assert told(decisions[:2]) == "held"
    assert told(decisions[:1]) == ""
    assert short("One sentence. Where: here.") == "One sentence."


def test_the_inputs_are_real_pictures_and_one_damaged_file(tmp_path: Path) -> None:
    inputs = make_inputs(tmp_path / "inputs")
    for picture in (inputs.portrait, inputs.person, inputs.coffee):
        with open_media(picture) as media:
            assert len(list(media.frames())) == 1
    with pytest.raises(MediaRejected), open_media(inputs.damaged) as media:
        media.sound()
