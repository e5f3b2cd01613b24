"""Reference images: faces, credentials, nudity, files that are no pictures."""

from dataclasses import replace
from typing import Any

import pytest

from moderation.gate.checks.references import (
    ReferenceCredentialsCheck,
    ReferenceFacesCheck,
    ReferenceMediaCheck,
    ReferenceNudityCheck,
)
from moderation.gate.decisions import unjudged_causes
from moderation.gate.subjects import FaceSighting, FrameScore, Media, Observed
from policies.findings import WholeField
from policies.taxonomy import Category, Verdict
from tests.support.subjects import ADA, face, gate, match, picture, request

GATE = gate(
    requests=[
        ReferenceMediaCheck(),
        ReferenceCredentialsCheck(),
        ReferenceFacesCheck("m"),
        ReferenceNudityCheck("m"),
    ]
)


def verdict_of(*references: Media, **more: Any) -> Verdict:
    """The verdict on a request with these references."""
    return GATE.judge_request(request(references=references, **more)).verdict


def test_a_picture_without_faces_is_allowed() -> None:
    assert verdict_of(picture()) is Verdict.ALLOW


def test_a_real_face_of_nobody_enrolled_is_refused_with_its_box() -> None:
    judgement = GATE.judge_request(request(references=(picture(face()),)))
    finding = next(f for report in judgement.reports for f in report.findings)
    assert judgement.verdict is Verdict.BLOCK
    assert (finding.signal, finding.category) == ("reference.face_unconsented", Category.PRIVATE_PERSON)
    assert finding.matched == "nobody enrolled"


def test_a_face_that_this_request_may_use_is_allowed() -> None:
    assert verdict_of(picture(face(match())), likenesses=(ADA,)) is Verdict.ALLOW


def test_an_enrolled_face_that_this_request_does_not_ask_for_is_refused() -> None:
    assert verdict_of(picture(face(match("lik_bo"))), likenesses=(ADA,)) is Verdict.BLOCK


def unusable(size_px: float, height: float) -> FaceSighting:
    """A face that cannot be compared: its shorter side in pixels, and its share of the picture's height."""
    return replace(face(usable=False), size_px=size_px, top=0.1, bottom=0.1 + height)


def test_a_face_too_small_to_tell_in_the_background_is_no_finding() -> None:
    assert verdict_of(picture(unusable(49.0, 0.15))) is Verdict.ALLOW


@pytest.mark.parametrize(("size_px", "height"), [(50.0, 0.15), (300.0, 0.6), (30.0, 0.5)])
def test_a_face_that_stands_out_but_cannot_be_compared_is_for_a_person(size_px: float, height: float) -> None:
    judgement = GATE.judge_request(
        request(references=(picture(unusable(size_px, height)),), likenesses=(ADA,))
    )
    assert judgement.verdict is Verdict.REVIEW
    assert unjudged_causes(judgement) == {"reference.faces": "face.unclear"}


def test_a_face_that_is_surely_somebodys_is_refused_beside_one_that_is_unclear() -> None:
    assert verdict_of(picture(unusable(300.0, 0.6), face())) is Verdict.BLOCK


@pytest.mark.parametrize("standing", ["revoked", "protected"])
def test_a_face_that_also_resembles_somebody_who_refuses_is_refused(standing: str) -> None:
    twins = face(match(), match("lik_bo", standing, 0.6))
    assert verdict_of(picture(twins), likenesses=(ADA,)) is Verdict.BLOCK


def test_faces_that_could_not_be_looked_at_hold_the_request() -> None:
    assert verdict_of(picture(faces=Observed(cause="index.stale"))) is Verdict.REVIEW


def test_a_file_that_is_no_picture_is_refused_by_its_code() -> None:
    judgement = GATE.judge_request(request(references=(picture(problem="media.not_media"),)))
    assert judgement.verdict is Verdict.BLOCK
    assert judgement.reports[2].findings[0].matched == "media.not_media"


@pytest.mark.parametrize(
    "code", ["media.timeout", "media.out_of_memory", "media.unavailable", "asset.missing", "error"]
)
def test_a_file_that_failed_on_our_side_is_held_and_not_refused(code: str) -> None:
    assert verdict_of(picture(problem=code)) is Verdict.REVIEW


def test_a_refused_file_beside_one_that_failed_is_refused_in_its_own_place() -> None:
    files = (picture(problem="media.timeout"), picture(problem="media.not_media"))
    judgement = GATE.judge_request(request(references=files))
    assert judgement.verdict is Verdict.BLOCK
    [finding] = [found for report in judgement.reports for found in report.findings]
    assert finding.where == WholeField("references[1]")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("none", Verdict.ALLOW),
        ("trusted", Verdict.ALLOW),
        ("valid", Verdict.ALLOW),
        ("invalid", Verdict.REVIEW),
        ("unreadable", Verdict.REVIEW),
        ("not_read", Verdict.REVIEW),
    ],
)
def test_credentials_are_held_when_broken_or_unreadable(state: str, expected: Verdict) -> None:
    assert verdict_of(picture(credentials=state)) is expected


def test_a_nude_reference_is_refused() -> None:
    assert verdict_of(picture(nudity=Observed((FrameScore(0.0, 0.99),)))) is Verdict.BLOCK


def test_a_picture_whose_owner_refuses_use_as_input_goes_to_a_person() -> None:
    assert verdict_of(picture(credentials="trusted", opt_outs=("cawg.ai_inference",))) is Verdict.REVIEW


def test_a_picture_whose_owner_refuses_training_only_may_be_a_reference() -> None:
    assert verdict_of(picture(credentials="trusted", opt_outs=("cawg.ai_training",))) is Verdict.ALLOW
