"""Whose voices are in a clip: invariant 11 for voices, and an approved voice that is not heard."""

import pytest

from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.voices import OutputVoicesCheck
from moderation.gate.subjects import FaceMatch, LikenessUse, Media, Observed, Spoken, VoiceSighting
from policies.findings import AudioInterval, Finding
from policies.taxonomy import Verdict
from tests.support.subjects import ADA, clip, gate, match, output

CHECK = OutputVoicesCheck("stub")
ADA_SPEAKS = LikenessUse(**{**{name: getattr(ADA, name) for name in ADA.__slots__}, "voice": True})
SAID: Observed[tuple[Spoken, ...]] = Observed((Spoken(0.5, 4.5, "follow me"),))


def heard(*voices: tuple[FaceMatch, ...], speech: Observed[tuple[Spoken, ...]] = SAID) -> Media:
    """A clip in which these voices speak, each with its matches."""
    sightings = tuple(VoiceSighting(0.5, 4.5, 4.0, matches) for matches in voices)
    return clip(voices=Observed(sightings), speech=speech)


def signals(media: Media, *approved: LikenessUse) -> list[str]:
    return [finding.signal for finding in CHECK.examine(output(media, *approved))]


def test_a_voice_that_is_nobodys_is_allowed() -> None:
    assert signals(heard((), ())) == []


def test_an_enrolled_voice_that_is_not_approved_blocks_and_says_when() -> None:
    (found,) = CHECK.examine(output(heard((match(similarity=0.85),))))
    assert (found.signal, found.where, found.score) == (
        "output.voice_not_approved",
        AudioInterval("a" * 64, 0.5, 4.5),
        0.85,
    )
    assert found.matched == "likeness lik_ada"


def test_a_protected_voice_is_not_approved_and_a_revoked_one_says_so() -> None:
    protected = match("figure_1", "protected", 0.85)
    revoked = match("lik_ada", "revoked", 0.85)
    assert signals(heard((protected,), (revoked,))) == ["output.voice_not_approved", "output.voice_revoked"]


def test_the_approved_persons_own_voice_is_no_finding() -> None:
    assert signals(heard((match(similarity=0.75),)), ADA_SPEAKS) == []


def test_a_faint_resemblance_is_no_finding() -> None:
    assert signals(heard((match("lik_bob", similarity=0.79),))) == []


def test_beside_the_approved_voice_others_that_resemble_it_do_not_count_but_the_revoked_do() -> None:
    own = match(similarity=0.9)
    assert signals(heard((own, match("lik_bob", similarity=0.85))), ADA_SPEAKS) == []
    assert signals(heard((own, match("lik_eve", "revoked", 0.85))), ADA_SPEAKS) == ["output.voice_revoked"]


def test_somebody_else_speaking_for_an_approved_person_has_drifted() -> None:
    (found,) = CHECK.examine(output(heard(()), ADA_SPEAKS))
    assert (found.signal, found.matched) == ("output.identity_drift", "voice of ada")


def test_without_a_voice_enrolled_or_without_speech_nothing_drifts() -> None:
    assert signals(heard(()), ADA) == []
    assert signals(heard(speech=Observed(())), ADA_SPEAKS) == []


def test_too_little_speech_of_an_approved_voice_could_not_be_judged() -> None:
    with pytest.raises(CouldNotJudge) as caught:
        signals(heard(), ADA_SPEAKS)
    assert caught.value.cause == "voice.unclear"


def test_an_ear_that_failed_could_not_judge() -> None:
    with pytest.raises(CouldNotJudge) as caught:
        signals(clip(voices=Observed(cause="index.stale")))
    assert caught.value.cause == "index.stale"


@pytest.mark.parametrize(
    ("media", "approved", "verdict"),
    [
        (heard((match(similarity=0.85),)), (), Verdict.BLOCK),
        (heard((match(standing="revoked", similarity=0.85),)), (), Verdict.BLOCK),
        (heard(()), (ADA_SPEAKS,), Verdict.REVIEW),
        (heard(()), (), Verdict.ALLOW),
        (clip(voices=Observed(cause="model.missing")), (), Verdict.REVIEW),
    ],
)
def test_what_the_shipped_policy_makes_of_it(
    media: Media, approved: tuple[LikenessUse, ...], verdict: Verdict
) -> None:
    assert gate(outputs=[CHECK]).judge_output(output(media, *approved)).verdict is verdict


def test_findings_hold_no_biometric_data() -> None:
    found: Finding = CHECK.examine(output(heard((match(similarity=0.85),))))[0]
    assert "embedding" not in repr(found)
