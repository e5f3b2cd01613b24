"""What the senses leave behind: a sense that fails leaves its cause, and the others go on."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from moderation.gate.check import CouldNotJudge, cause_of
from moderation.gate.perceive import (
    REFERENCE_SIMILARITY,
    FaceWatcher,
    KnownFace,
    NudityWatcher,
    listen,
)
from moderation.gate.subjects import FaceMatch, FrameScore, Observed, Spoken
from tests.support.media import Picture, plain
from tests.support.people import embedding
from tests.support.senses import Scripted

FRAME = plain(16, 12, (1, 2, 3))
BO = FaceMatch("lik_bo", "bo", "enrolled", 0.7)


def watch(script: Scripted, *, frames: int = 1, known: tuple[KnownFace, ...] = ()) -> FaceWatcher:
    """A watcher that has seen `frames` frames, one per half second."""
    watcher = FaceWatcher(script.senses(), known)
    for number in range(frames):
        watcher.look(number / 2, FRAME)
    return watcher


def scored(script: Scripted, *frames: Picture) -> Observed[tuple[FrameScore, ...]]:
    """What the nudity watcher saw."""
    watcher = NudityWatcher(script.senses())
    for number, frame in enumerate(frames):
        watcher.look(float(number), frame)
    return watcher.observed()


def test_a_face_is_asked_for_in_the_index_and_comes_back_with_its_place_and_matches() -> None:
    script = Scripted(people=(1,), known=lambda _row: (BO,))
    [sighting] = watch(script).observed().value or ()
    assert (sighting.matches, sighting.time_s, sighting.usable) == ((BO,), 0.0, True)
    assert (sighting.left, sighting.top, sighting.right, sighting.bottom) == (0.25, 0.25, 0.75, 0.75)


def test_all_faces_of_a_clip_are_asked_for_in_one_search() -> None:
    script = Scripted(people=(1, 2))
    assert len(watch(script, frames=3).observed().value or ()) == 6
    assert script.looked_up == [6]


def test_each_usable_face_gets_its_own_matches_when_others_are_unusable() -> None:
    @dataclass
    class Mixed(Scripted):
        def faces(self, frame: Picture) -> tuple:  # type: ignore[type-arg]  # faces, one clear and one not
            clear, blurred = Scripted(people=(1,)), Scripted(people=(2,), usable=False)
            return (*blurred.faces(frame), *clear.faces(frame))

    script = Mixed(known=lambda _row: (BO,))
    seen = watch(script, frames=2).observed().value or ()
    assert [one.matches for one in seen] == [(), (BO,), (), (BO,)]
    assert script.looked_up == [2]


def test_a_clip_without_faces_still_asks_whether_the_index_may_be_used() -> None:
    script = Scripted(people=())
    assert watch(script).observed() == Observed(())
    assert script.looked_up == [0]
    stale = Scripted(people=(), known=CouldNotJudge("index.stale"))
    assert watch(stale).observed() == Observed(cause="index.stale")


def test_a_face_model_that_fails_leaves_its_cause_and_is_asked_no_more() -> None:
    script = Scripted(people=CouldNotJudge("model.missing"))
    watcher = watch(script, frames=3)
    assert watcher.observed() == Observed(cause="model.missing")
    assert script.looked_up == []
    assert watcher.known_faces("a" * 64) == ()


def test_an_index_that_fails_leaves_its_cause() -> None:
    assert watch(Scripted(people=(1,), known=RuntimeError("faiss"))).observed() == Observed(cause="error")


@dataclass
class TooFew(Scripted):
    """An index that answers for fewer faces than it was asked about."""

    def identify(self, embeddings: object) -> list[tuple[FaceMatch, ...]]:
        return []


def test_an_index_that_answers_too_little_could_not_judge() -> None:
    assert watch(TooFew(people=(1,))).observed().cause == "error"


def test_the_face_of_a_reference_is_found_again_and_the_closest_one_is_named() -> None:
    known = (
        KnownFace("b" * 64, embedding(1, 5)),
        KnownFace("c" * 64, embedding(1)),
        KnownFace("d" * 64, embedding(9)),
    )
    [sighting] = watch(Scripted(people=(1,)), known=known).observed().value or ()
    assert sighting.of_reference == "c" * 64
    assert sighting.reference_similarity == 1.0


def test_a_face_of_somebody_else_is_not_the_references() -> None:
    [sighting] = (
        watch(Scripted(people=(2,)), known=(KnownFace("b" * 64, embedding(1)),)).observed().value or ()
    )
    assert (sighting.of_reference, sighting.reference_similarity) == ("", 0.0)


@pytest.mark.parametrize(("off", "found"), [(0.001, True), (-0.001, False)])
def test_the_reference_threshold_is_where_it_was_measured(off: float, found: bool) -> None:
    seen = embedding(1)
    other = embedding(2) - (embedding(2) @ seen) * seen
    cosine = REFERENCE_SIMILARITY + off
    near = cosine * seen + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other)
    known = KnownFace("b" * 64, near.astype(np.float32))
    [sighting] = watch(Scripted(people=(1,)), known=(known,)).observed().value or ()
    assert bool(sighting.of_reference) is found


def test_an_unusable_face_is_compared_with_nobody() -> None:
    known = (KnownFace("b" * 64, embedding(1)),)
    [sighting] = watch(Scripted(people=(1,), usable=False), known=known).observed().value or ()
    assert (sighting.usable, sighting.of_reference, sighting.matches) == (False, "", ())


def test_only_usable_faces_are_looked_for_elsewhere_and_none_shows_its_embedding() -> None:
    faces = watch(Scripted(people=(1, 2))).known_faces("a" * 64)
    assert [face.asset for face in faces] == ["a" * 64] * 2
    assert "embedding" not in repr(faces)
    assert watch(Scripted(people=(1,), usable=False)).known_faces("a" * 64) == ()


def test_frames_are_scored_in_batches_and_none_is_lost() -> None:
    script = Scripted(nudity=0.25)
    seen = scored(script, *[FRAME] * 19).value or ()
    assert script.batches == [8, 8, 3]
    assert [(one.time_s, one.score) for one in seen] == [(float(n), 0.25) for n in range(19)]


def test_a_change_of_size_starts_a_new_batch() -> None:
    script = Scripted()
    scored(script, FRAME, FRAME, plain(20, 20, (0, 0, 0)), FRAME)
    assert script.batches == [2, 1, 1]


def test_no_frames_are_no_scores() -> None:
    script = Scripted()
    assert scored(script) == Observed(())
    assert script.batches == []


def test_a_nudity_model_that_fails_leaves_its_cause_and_no_half_result() -> None:
    @dataclass
    class FailsLater(Scripted):
        def score(self, frames: Picture) -> NDArray[np.float32]:
            if self.batches:
                raise CouldNotJudge("model.missing")
            return super().score(frames)

    assert scored(FailsLater(), *[FRAME] * 12) == Observed(cause="model.missing")


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.5, 1.5])
def test_what_is_no_score_could_not_be_judged_and_is_never_outvoted(score: float) -> None:
    assert scored(Scripted(nudity=score), FRAME).cause == "error"


@dataclass
class OneScore(Scripted):
    """Scores one frame, however many it is given."""

    def score(self, frames: Picture) -> NDArray[np.float32]:
        return np.zeros(1, np.float32)


def test_a_model_that_scores_too_few_frames_could_not_judge() -> None:
    assert scored(OneScore(), FRAME, FRAME).cause == "error"


@pytest.mark.parametrize("samples", [None, np.zeros(0, np.float32)])
def test_a_file_without_sound_says_nothing_and_loads_no_model(samples: Picture | None) -> None:
    assert listen(Scripted(said=RuntimeError("never asked")).senses(), samples) == Observed(())  # type: ignore[arg-type]  # float samples


def test_speech_is_written_down_with_times_to_the_millisecond() -> None:
    heard = listen(Scripted(said=(Spoken(0.12345, 1.98765, "hello"),)).senses(), np.ones(16_000, np.float32))
    assert heard == Observed((Spoken(0.123, 1.988, "hello"),))


def test_a_speech_model_that_fails_leaves_its_cause() -> None:
    heard = listen(Scripted(said=MemoryError()).senses(), np.ones(16_000, np.float32))
    assert heard == Observed(cause="error")


class Coded(Exception):
    """An error of ours."""

    code: ClassVar[str] = "model.missing"


class Foreign(Exception):
    """A library's error, whose code is a number."""

    code: ClassVar[int] = 7


class Short(Exception):
    """A library's error, whose code names no area."""

    code: ClassVar[str] = "E501"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (CouldNotJudge("index.stale"), "index.stale"),
        (Coded(), "model.missing"),
        (Foreign(), "error"),
        (Short(), "error"),
        (ValueError("anything"), "error"),
    ],
)
def test_a_cause_is_our_own_code_or_error(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause
