"""The transcriber listens only where somebody speaks, gives times inside the sound, and repeats itself exactly.

What it understands is measured on real speech where a sample is at hand: set SAFECONDUCT_SPEECH_SAMPLE to a recording and
SAFECONDUCT_SPEECH_WORDS to words said in it. No recording ships with the project.
"""

import os
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.speech.transcript import STRETCH_S, Transcriber, stretches
from policies.speech.voice import RATE, Interval
from tests.support.sounds import Samples, noise, silence, tone, vowels

SAMPLE, WORDS = os.environ.get("SAFECONDUCT_SPEECH_SAMPLE"), os.environ.get("SAFECONDUCT_SPEECH_WORDS", "")


@pytest.fixture(scope="module")
def transcriber(models_dir: Path) -> Transcriber:
    return Transcriber(models_dir / "speech_to_text", models_dir / "voice_activity" / "silero_vad.onnx")


@pytest.mark.models
@pytest.mark.parametrize(
    "sound", [silence(4), noise(4), tone(4), silence(0)], ids=["silence", "noise", "tone", "nothing"]
)
def test_nothing_is_invented_where_nobody_speaks(transcriber: Transcriber, sound: Samples) -> None:
    assert transcriber.transcribe(sound) == ()


@pytest.mark.models
def test_utterances_lie_where_the_voice_is_and_repeat_exactly(transcriber: Transcriber) -> None:
    sound = np.concatenate([silence(2), vowels(3), silence(2)])
    first = transcriber.transcribe(sound)
    assert first
    assert all(1.5 <= said.start_s <= said.end_s <= 5.5 and said.text for said in first)
    assert transcriber.transcribe(sound) == first


@pytest.mark.models
@pytest.mark.skipif(
    SAMPLE is None, reason="no speech sample: set SAFECONDUCT_SPEECH_SAMPLE and SAFECONDUCT_SPEECH_WORDS"
)
def test_the_words_of_a_real_recording_are_understood(transcriber: Transcriber) -> None:
    heard = " ".join(said.text for said in transcriber.transcribe(decoded(Path(str(SAMPLE))))).casefold()
    assert WORDS.split()
    assert all(word.casefold() in heard for word in WORDS.split())


def decoded(path: Path) -> Samples:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


def test_samples_of_another_shape_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"samples must be float32\[n\]"):
        Transcriber(tmp_path, tmp_path / "none.onnx").transcribe(np.zeros(5, np.int16))


@pytest.mark.models
def test_a_missing_speech_model_says_what_to_do(models_dir: Path, tmp_path: Path) -> None:
    deaf = Transcriber(tmp_path, models_dir / "voice_activity" / "silero_vad.onnx")
    with pytest.raises(FileNotFoundError, match=r"no config\.json .* fetch the models"):
        deaf.transcribe(np.concatenate([silence(1), vowels(3)]))


def test_intervals_are_joined_up_to_the_length_of_a_decoding() -> None:
    spoken = (Interval(0.0, 10.0), Interval(12.0, 20.0), Interval(25.0, 40.0))
    assert stretches(spoken) == [Interval(0.0, 20.0), Interval(25.0, 40.0)]


def test_a_long_interval_is_cut() -> None:
    assert stretches((Interval(0.0, 60.0),)) == [
        Interval(0.0, 28.0),
        Interval(28.0, 56.0),
        Interval(56.0, 60.0),
    ]


def in_order(edges: list[float]) -> tuple[Interval, ...]:
    times = sorted(set(edges))
    return tuple(Interval(a, b) for a, b in zip(times[::2], times[1::2], strict=False))


@given(st.lists(st.floats(0, 500), max_size=40).map(in_order))
def test_stretches_cover_all_speech_and_stay_short(spoken: tuple[Interval, ...]) -> None:
    covering = stretches(spoken)
    assert all(part.end_s - part.start_s <= STRETCH_S + 1e-9 for part in covering)
    for interval in spoken:
        for moment in (interval.start_s, (interval.start_s + interval.end_s) / 2, interval.end_s):
            assert any(part.start_s - 1e-9 <= moment <= part.end_s + 1e-9 for part in covering)
