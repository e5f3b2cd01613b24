"""Invariant 11 and the other checks of a finished clip."""

import pytest

from moderation.gate.check import Check, CouldNotJudge
from moderation.gate.checks.outputs import OutputFacesCheck, OutputMediaCheck, OutputNudityCheck
from moderation.gate.checks.uncovered import UncoveredCheck
from moderation.gate.subjects import FrameScore, Observed, OutputSubject
from policies.findings import FrameBox
from policies.taxonomy import Category, Verdict
from tests.support.subjects import ADA, clip, face, gate, match, output

FACES = OutputFacesCheck("models-1")
GATE = gate(outputs=[OutputMediaCheck(), FACES, OutputNudityCheck("nsfw-1")])


def test_invented_face_allowed_because_it_matches_nobody() -> None:
    judgement = GATE.judge_output(output(clip(face())))
    assert judgement.verdict is Verdict.ALLOW
    assert judgement.reports[1].findings == ()


def test_revoked_face_blocked_with_the_time_and_box_where_it_is_seen() -> None:
    judgement = GATE.judge_output(output(clip(face(match(standing="revoked"), time_s=2.5))))
    assert judgement.verdict is Verdict.BLOCK
    assert judgement.ruling.category is Category.PRIVATE_PERSON
    finding = judgement.reports[1].findings[0]
    assert finding.signal == "output.face_revoked"
    assert finding.where == FrameBox("a" * 64, 2.5, 0.4, 0.3, 0.6, 0.6)


def test_revoked_face_blocked_even_when_it_was_approved_before_the_revocation() -> None:
    judgement = GATE.judge_output(output(clip(face(match(standing="revoked"))), ADA))
    assert judgement.verdict is Verdict.BLOCK


def test_uncovered_not_held_because_a_missing_model_is_written_down_and_has_no_effect() -> None:
    checks: list[Check[OutputSubject]] = [OutputMediaCheck(), FACES, UncoveredCheck("gore")]
    judgement = gate(outputs=checks).judge_output(output(clip(face())))
    assert judgement.verdict is Verdict.ALLOW
    assert judgement.ruling.uncovered == ("gore",)


def test_an_enrolled_person_who_was_not_approved_here_is_blocked() -> None:
    judgement = GATE.judge_output(output(clip(face(match("lik_bo"))), ADA))
    signals = {finding.signal for finding in judgement.reports[1].findings}
    assert judgement.verdict is Verdict.BLOCK
    assert "output.face_not_approved" in signals


def test_a_protected_person_is_blocked_even_if_their_id_was_approved() -> None:
    judgement = GATE.judge_output(output(clip(face(match(standing="protected"))), ADA))
    assert judgement.verdict is Verdict.BLOCK


def test_an_approved_likeness_that_is_seen_is_allowed() -> None:
    assert GATE.judge_output(output(clip(face(match())), ADA)).verdict is Verdict.ALLOW


def test_an_approved_likeness_that_is_not_seen_has_drifted_and_is_held() -> None:
    judgement = GATE.judge_output(output(clip(face()), ADA))
    assert judgement.verdict is Verdict.REVIEW
    assert [finding.signal for finding in judgement.reports[1].findings] == ["output.identity_drift"]


def test_the_face_of_an_uploaded_reference_is_blocked() -> None:
    judgement = GATE.judge_output(output(clip(face(of_reference="b" * 64))))
    assert judgement.verdict is Verdict.BLOCK
    assert judgement.reports[1].findings[0].matched == "reference " + "b" * 64


def test_the_face_of_a_reference_that_is_an_approved_likeness_is_allowed() -> None:
    seen = face(match(), of_reference="b" * 64)
    assert GATE.judge_output(output(clip(seen), ADA)).verdict is Verdict.ALLOW


def test_a_face_that_stays_for_ten_seconds_is_one_finding_at_its_clearest_moment() -> None:
    seen = [
        face(match("lik_bo", similarity=0.5 + second / 100), time_s=float(second)) for second in range(10)
    ]
    findings = FACES.examine(output(clip(*seen)))
    assert [(finding.score, finding.where) for finding in findings] == [
        (0.59, FrameBox("a" * 64, 9.0, 0.4, 0.3, 0.6, 0.6))
    ]


@pytest.mark.parametrize("cause", ["index.stale", "model.missing", "error"])
def test_faces_that_could_not_be_looked_at_hold_the_clip(cause: str) -> None:
    judgement = GATE.judge_output(output(clip(faces=Observed(cause=cause))))
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.ruling.unjudged == ("output.faces",)


def test_nudity_is_found_at_the_frame_with_the_highest_score() -> None:
    scores = Observed((FrameScore(0.0, 0.02), FrameScore(3.5, 0.97), FrameScore(4.0, 0.91)))
    judgement = GATE.judge_output(output(clip(nudity=scores)))
    assert judgement.verdict is Verdict.BLOCK
    assert judgement.reports[2].findings[0].where == FrameBox("a" * 64, 3.5, 0.0, 0.0, 1.0, 1.0)


def test_nudity_that_could_not_be_scored_holds_the_clip() -> None:
    assert GATE.judge_output(output(clip(nudity=Observed(cause="error")))).verdict is Verdict.REVIEW


def test_a_file_that_is_no_video_is_held() -> None:
    assert GATE.judge_output(output(clip(kind="audio", frames_seen=0))).verdict is Verdict.REVIEW


def test_a_picture_may_be_judged_in_place_of_a_clip_where_that_is_asked_for() -> None:
    still = clip(kind="image", frames_seen=1)
    assert GATE.judge_output(output(still, still_allowed=True)).verdict is Verdict.ALLOW


def test_a_damaged_output_is_held_and_named() -> None:
    judgement = GATE.judge_output(output(clip(problem="media.truncated")))
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.reports[0].findings[0].matched == "media.truncated"


@pytest.mark.parametrize(
    "code",
    ["media.timeout", "media.crashed", "media.out_of_memory", "media.unavailable", "asset.missing", "error"],
)
def test_a_decoder_that_failed_could_not_judge(code: str) -> None:
    with pytest.raises(CouldNotJudge) as caught:
        OutputMediaCheck().examine(output(clip(problem=code)))
    assert caught.value.cause == code
