"""Voice activity: speech-like sound is found where it lies; silence, noise and tones are not speech."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.speech.voice import FRAME, RATE, Interval, VoiceActivity, join, speech_runs
from tests.support.sounds import Samples, noise, silence, tone, vowels

STEP = FRAME / RATE


@pytest.fixture(scope="module")
def voice(models_dir: Path) -> VoiceActivity:
    return VoiceActivity(models_dir / "voice_activity" / "silero_vad.onnx")


@pytest.mark.models
@pytest.mark.parametrize(
    "sound", [silence(3), noise(3), tone(3), silence(0)], ids=["silence", "noise", "tone", "nothing"]
)
def test_what_is_no_speech_has_no_interval(voice: VoiceActivity, sound: Samples) -> None:
    assert voice.intervals(sound) == ()


@pytest.mark.models
def test_speech_is_found_where_it_lies(voice: VoiceActivity) -> None:
    sound = np.concatenate([silence(2), vowels(3), silence(2)])
    intervals = voice.intervals(sound)
    assert intervals
    assert 1.5 <= intervals[0].start_s <= 2.3
    assert 4.0 <= intervals[-1].end_s <= 5.5


@pytest.mark.models
def test_the_same_sound_gives_the_same_intervals(voice: VoiceActivity) -> None:
    sound = np.concatenate([silence(0.5), vowels(2)])
    assert voice.intervals(sound) == voice.intervals(sound)


@pytest.mark.parametrize("samples", [np.zeros(10, np.float64), np.zeros((2, 10), np.float32)])
def test_samples_of_another_shape_are_an_error(tmp_path: Path, samples: Samples) -> None:
    with pytest.raises(ValueError, match=r"samples must be float32\[n\]"):
        VoiceActivity(tmp_path / "none.onnx").intervals(samples)


def test_samples_that_are_no_numbers_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="finite"):
        VoiceActivity(tmp_path / "none.onnx").intervals(np.array([np.nan], np.float32))


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="fetch the models"):
        VoiceActivity(tmp_path / "none.onnx").intervals(silence(1))


def test_a_run_holds_until_the_probability_is_low() -> None:
    probabilities = np.array([0.0, *[0.9] * 5, *[0.3] * 5, 0.1, 0.0], np.float32)
    assert speech_runs(probabilities) == [Interval(1 * STEP, 11 * STEP)]


def test_a_run_that_lasts_to_the_end_is_kept() -> None:
    assert speech_runs(np.full(20, 0.9, np.float32)) == [Interval(0.0, 20 * STEP)]


def test_a_click_is_no_speech() -> None:
    assert speech_runs(np.array([0.9, 0.9, 0.0], np.float32)) == []


def test_runs_close_together_are_one() -> None:
    assert join([Interval(1.0, 2.0), Interval(2.5, 3.0)], 10.0) == (Interval(0.8, 3.2),)


def test_runs_far_apart_stay_two() -> None:
    assert len(join([Interval(1.0, 2.0), Interval(5.0, 6.0)], 10.0)) == 2


@given(st.lists(st.floats(0, 1, width=32), max_size=300))
def test_intervals_are_in_order_apart_and_inside(probabilities: list[float]) -> None:
    duration = len(probabilities) * STEP
    intervals = join(speech_runs(np.array(probabilities, np.float32)), duration)
    ends = [-1.0, *(interval.end_s for interval in intervals)]
    for before, interval in zip(ends, intervals, strict=False):
        assert before < interval.start_s < interval.end_s <= duration + 1e-9
