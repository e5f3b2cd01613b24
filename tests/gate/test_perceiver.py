"""From a file to what it shows: through the real decoder, with scripted senses."""

from pathlib import Path

import pytest

from moderation.gate.check import CouldNotJudge
from moderation.gate.perceive import KnownFace
from moderation.gate.perceiver import unavailable
from moderation.gate.subjects import Media, Observed, Spoken
from moderation.media.errors import MediaTooLong
from tests.support import media
from tests.support.people import embedding
from tests.support.senses import Scripted, missing

SHA = "a" * 64


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with a tone."""
    return media.video(tmp_path_factory.mktemp("perceiver") / "clip.mp4")


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red picture."""
    return media.image(tmp_path_factory.mktemp("perceiver") / "still.png")


def test_every_sense_looks_at_a_clip_that_is_decoded_once(movie: Path) -> None:
    script = Scripted(people=(1,), nudity=0.5, said=(Spoken(0.0, 1.0, "hello"),))
    seen = script.perceiver().perceive(movie, SHA)
    assert (seen.asset, seen.kind, seen.problem, seen.frames_seen) == (SHA, "video", "", 4)
    assert seen.duration_s == pytest.approx(2.0, abs=0.1)
    assert [face.time_s for face in seen.faces.value or ()] == [0.0, 0.5, 1.0, 1.5]
    assert {one.score for one in seen.nudity.value or ()} == {0.5}
    assert seen.speech == Observed((Spoken(0.0, 1.0, "hello"),))
    assert seen.credentials == "not_read"


def test_the_same_file_is_perceived_the_same(movie: Path) -> None:
    perceiver = Scripted(people=(1,), nudity=0.123456).perceiver()
    assert perceiver.perceive(movie, SHA) == perceiver.perceive(movie, SHA)


def test_a_sense_that_fails_leaves_its_cause_and_the_others_go_on(movie: Path) -> None:
    script = Scripted(people=CouldNotJudge("model.missing"), nudity=0.5, said=RuntimeError("whisper"))
    seen = script.perceiver().perceive(movie, SHA)
    assert (seen.faces.cause, seen.speech.cause) == ("model.missing", "error")
    assert len(seen.nudity.value or ()) == 4
    assert seen.problem == ""


def test_a_rejected_file_comes_back_with_its_problem_and_nothing_observed(tmp_path: Path) -> None:
    script = Scripted(people=(1,))
    seen = script.perceiver().perceive(media.zip_named(tmp_path / "movie.mp4"), SHA, credentials=True)
    assert seen.problem == "media.not_media"
    assert "send" in seen.problem_sentence
    assert {seen.faces.value, seen.nudity.value, seen.speech.value} == {None}
    assert (seen.credentials, script.looked_up) == ("not_read", [])


def test_a_file_that_breaks_off_is_rejected_as_a_whole(movie: Path, tmp_path: Path) -> None:
    cut = media.truncated(tmp_path / "cut.mp4", movie, 0.7)
    seen = Scripted(people=(1,)).perceiver().perceive(cut, SHA)
    assert (seen.problem, seen.faces.value) == ("media.truncated", None)


def test_a_file_that_is_not_there_could_not_be_judged(tmp_path: Path) -> None:
    seen = Scripted().perceiver().perceive(missing(tmp_path), SHA)
    assert seen.problem == "media.unavailable"
    assert {seen.faces.value, seen.nudity.value, seen.speech.value} == {None}


def test_a_folder_is_no_file_to_judge(tmp_path: Path) -> None:
    seen = Scripted().perceiver().perceive(tmp_path, SHA)
    assert seen.problem.startswith("media.")
    assert seen.faces.value is None


def test_sound_without_pictures_has_no_frames(tmp_path: Path) -> None:
    seen = (
        Scripted(said=(Spoken(0, 1, "hi"),)).perceiver().perceive(media.sound_file(tmp_path / "a.wav"), SHA)
    )
    assert (seen.kind, seen.frames_seen, seen.faces) == ("audio", 0, Observed(()))
    assert seen.speech.value == (Spoken(0, 1, "hi"),)


def test_credentials_are_read_where_they_are_asked_for(still: Path) -> None:
    seen = (
        Scripted()
        .perceiver("invalid", ("assertion.dataHash.mismatch",))
        .perceive(still, SHA, credentials=True)
    )
    assert (seen.kind, seen.credentials, seen.credential_failures) == (
        "image",
        "invalid",
        ("assertion.dataHash.mismatch",),
    )


def test_credentials_that_cannot_be_read_are_unreadable_and_never_none(still: Path) -> None:
    seen = Scripted().perceiver(OSError("no subprocess")).perceive(still, SHA, credentials=True)
    assert seen.credentials == "unreadable"


def test_the_face_of_a_reference_is_found_in_the_output(still: Path, movie: Path) -> None:
    perceiver = Scripted(people=(1,)).perceiver()
    known = perceiver.known_faces(still, "b" * 64)
    assert [face.asset for face in known] == ["b" * 64]
    seen = perceiver.perceive(movie, SHA, known=known)
    assert {face.of_reference for face in seen.faces.value or ()} == {"b" * 64}


def test_faces_of_a_reference_that_cannot_be_looked_at_stop_the_judgement(
    still: Path, tmp_path: Path
) -> None:
    with pytest.raises(CouldNotJudge) as caught:
        Scripted(people=CouldNotJudge("model.missing")).perceiver().known_faces(still, SHA)
    assert caught.value.cause == "model.missing"
    with pytest.raises(CouldNotJudge) as caught:
        Scripted().perceiver().known_faces(media.zip_named(tmp_path / "a.png"), SHA)
    assert caught.value.cause == "media.not_media"


def test_known_faces_of_nobody_match_nobody(movie: Path) -> None:
    known = (KnownFace("b" * 64, embedding(9)),)
    seen = Scripted(people=(1,)).perceiver().perceive(movie, SHA, known=known)
    assert {face.of_reference for face in seen.faces.value or ()} == {""}


def test_a_file_that_could_not_be_fetched_leaves_every_sense_with_the_cause() -> None:
    gone = unavailable(SHA, MediaTooLong("31 minutes"))
    assert isinstance(gone, Media)
    assert (gone.asset, gone.problem) == (SHA, "media.too_long")
    assert (gone.faces.cause, gone.nudity.cause, gone.speech.cause) == ("media.too_long",) * 3
    assert unavailable(SHA, KeyError("x")).problem == "error"
