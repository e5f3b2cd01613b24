"""The senses that look now and then: what fills a frame, what is written in it, and whose voices are heard."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from moderation.gate.lazy import Lazy
from moderation.gate.perceive_frames import FINE_SIDE, SIDE, LookWatcher, TextWatcher
from moderation.gate.perceive_voices import hear_voices
from moderation.gate.subjects import FaceMatch, Observed
from policies.vision.frame_text import SeenText
from policies.vision.picture_classes import PictureLook
from tests.support.media import plain
from tests.support.senses import Scripted, VoiceBook, broken

GREY = plain(64, 64, (90, 90, 90))
SOUND = np.zeros(16_000, np.float32)


def striped(shift: int) -> NDArray[np.uint8]:
    """A picture of fine stripes, which looks like writing; another `shift` is another picture."""
    frame = np.full((64, 64, 3), 20, np.uint8)
    frame[:, shift % 4 :: 4] = 230
    frame[: 8 * shift] = 128
    return frame


def test_what_fills_the_frame_is_asked_once_a_second() -> None:
    script = Scripted(firearm=0.4, label="skunk")
    watcher = LookWatcher(Lazy(lambda: script))
    for time_s in (0.0, 0.5, 1.0, 1.5, 2.0):
        watcher.look(time_s, GREY)
    seen = watcher.observed().value or ()
    assert [look.time_s for look in seen] == [0.0, 1.0, 2.0]
    assert (seen[0].firearm, seen[0].labels) == (0.4, ("skunk",))


def test_a_still_is_read_whatever_it_looks_like_and_finely() -> None:
    sides = []

    class Reader(Scripted):
        def read(self, frame: NDArray[np.uint8], *, max_side: int) -> Sequence[SeenText]:
            sides.append(max_side)
            return super().read(frame, max_side=max_side)

    for still in (True, False):
        watcher = TextWatcher(Lazy(lambda: Reader(written=("EXIT",))), still=still)
        watcher.look(0.0, GREY if still else striped(0))
        assert [line.text for line in watcher.observed().value or ()] == ["EXIT"]
    assert sides == [FINE_SIDE, SIDE]


def test_frames_of_a_clip_are_read_only_where_it_is_worth_it() -> None:
    watcher = TextWatcher(Lazy(lambda: Scripted(written=("EXIT",))), still=False)
    for half_seconds in range(8):
        watcher.look(half_seconds / 2, GREY)
    assert watcher.observed() == Observed(())
    watcher.look(4.0, striped(1))
    watcher.look(4.5, striped(1))
    assert [line.time_s for line in watcher.observed().value or ()] == [4.0]


@pytest.mark.parametrize("failing", [Scripted(written=ValueError("no")), Scripted(firearm=ValueError("no"))])
def test_a_sense_that_fails_says_why_and_looks_no_more(failing: Scripted) -> None:
    text, looks = TextWatcher(Lazy(lambda: failing), still=True), LookWatcher(Lazy(lambda: failing))
    for watcher in (text, looks):
        watcher.look(0.0, GREY)
        watcher.look(9.0, GREY)
    assert {text.observed().cause, looks.observed().cause} == {"", "error"}


def test_a_model_that_cannot_be_loaded_leaves_its_cause() -> None:
    watcher = TextWatcher(broken(), still=True)
    watcher.look(0.0, GREY)
    assert watcher.observed() == Observed(cause="error")


def test_a_score_that_is_none_could_not_be_judged() -> None:
    class Broken:
        def look(self, frame: object) -> PictureLook:
            return PictureLook(float("nan"), "")

    watcher = LookWatcher(Lazy(Broken))
    watcher.look(0.0, GREY)
    assert watcher.observed().cause == "error"


def test_voices_come_with_their_matches() -> None:
    script = Scripted(heard=(1, 2), known_voices=lambda row: (FaceMatch(f"lik_{row}", "a", "enrolled", 0.9),))
    heard = hear_voices(Lazy(lambda: script), VoiceBook(script), SOUND).value or ()
    assert [(voice.seconds, voice.matches[0].likeness_id) for voice in heard] == [
        (4.0, "lik_0"),
        (4.0, "lik_1"),
    ]


@pytest.mark.parametrize("samples", [None, np.zeros(0, np.float32)])
def test_silence_has_no_voice_and_needs_no_model(samples: NDArray[np.float32] | None) -> None:
    assert hear_voices(broken(), VoiceBook(Scripted()), samples) == Observed(())


def test_an_index_that_is_stale_leaves_every_voice_unjudged() -> None:
    script = Scripted(heard=(), known_voices=RuntimeError("stale"))
    assert hear_voices(Lazy(lambda: script), VoiceBook(script), SOUND).cause == "error"
