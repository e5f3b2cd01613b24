"""The ear for voices: its spectrogram is librosa's, and speech that sounds alike is one voice."""

from pathlib import Path

import numpy as np
import pytest

from consent.biometrics.mel import MELS, RATE, mel_spectrogram
from consent.biometrics.voices import LOUDNESS, SoundInvalid, VoiceModel, as_loud, joined, unit
from policies.speech.voice import VoiceActivity
from tests.support import sounds

LIBROSA_MIDDLE = (0.0, 0.0, 0.0, 0.0, 5.439242, 41.077713, 4.454809, 0.0)
LIBROSA_EDGE = (0.224223, 0.273190, 0.400284, 0.869195, 5.242680, 13.425792, 4.137404, 0.453095)
"""`librosa.feature.melspectrogram(y=tone, sr=16000, n_fft=400, hop_length=160, n_mels=40)` of librosa 0.11.0: the first eight
bands of frames 5 and 0 of a sine of 440 Hz and amplitude .5."""


def tone() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.asarray(0.5 * np.sin(2 * np.pi * 440 * np.arange(3200) / RATE), np.float32)


def test_the_spectrogram_is_librosas() -> None:
    mels = mel_spectrogram(tone())
    assert mels.shape == (21, MELS)
    assert np.allclose(mels[5, :8], LIBROSA_MIDDLE, atol=1e-4)
    assert np.allclose(mels[0, :8], LIBROSA_EDGE, atol=1e-4)


def test_soft_sound_is_raised_and_loud_sound_and_silence_are_left_alone() -> None:
    soft = np.full(1600, 0.001, np.float32)
    assert np.sqrt(np.mean(as_loud(soft) ** 2)) == pytest.approx(LOUDNESS, rel=1e-4)
    assert as_loud(tone()) is not None
    assert np.array_equal(as_loud(tone()), tone())
    assert not as_loud(np.zeros(1600, np.float32)).any()


def test_stretches_with_a_breath_between_them_are_one() -> None:
    assert joined([(0.0, 1.0), (1.4, 2.0), (3.0, 4.0)]) == [(0.0, 2.0), (3.0, 4.0)]
    assert joined([]) == []


@pytest.fixture(scope="module")
def model(models_dir: Path) -> VoiceModel:
    return VoiceModel(models_dir / "voice_embedding" / "voice_encoder.onnx")


@pytest.mark.models
@pytest.mark.parametrize("wrong", [np.zeros(0, np.float32), np.zeros(9), np.zeros((2, 9), np.float32)])
def test_what_is_no_sound_is_refused(
    model: VoiceModel, wrong: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> None:
    with pytest.raises(SoundInvalid, match="float32"):
        model.windows(wrong)


@pytest.mark.models
def test_one_voice_that_pauses_is_one_voice_and_says_when(model: VoiceModel) -> None:
    spoken = np.concatenate([sounds.vowels(3.0), sounds.silence(1.0), sounds.vowels(3.0)])
    (voice,) = model.voices(spoken, [(0.0, 3.0), (4.0, 7.0)])
    assert voice.start_s == 0.0
    assert voice.end_s == pytest.approx(7.0, abs=1.0)
    assert 3.0 < voice.seconds <= 6.0
    assert np.linalg.norm(voice.embedding) == pytest.approx(1.0, abs=1e-4)
    assert "embedding" not in repr(voice)


@pytest.mark.models
def test_a_voice_an_octave_higher_is_another(model: VoiceModel) -> None:
    low = sounds.vowels(4.0)
    high = np.interp(np.arange(0, len(low), 1.9), np.arange(len(low)), low).astype(np.float32)
    found = model.voices(
        np.concatenate([low, sounds.silence(1.0), high]), [(0.0, 4.0), (5.0, 5.0 + len(high) / RATE)]
    )
    assert len(found) == 2
    assert float(found[0].embedding @ found[1].embedding) < 0.8


@pytest.mark.models
def test_less_than_a_second_of_speech_is_nobodys(model: VoiceModel) -> None:
    assert model.voices(sounds.vowels(3.0), [(0.0, 0.9)]) == ()


@pytest.mark.models
def test_the_ear_hears_vowels_and_no_noise(models_dir: Path, model: VoiceModel) -> None:
    from moderation.gate.ear import Ear

    ear = Ear(VoiceActivity(models_dir / "voice_activity" / "silero_vad.onnx"), model)
    assert ear.revision == model.revision
    assert ear.voices(sounds.noise(3.0)) == ()
    assert ear.voices(sounds.vowels(6.0))


def test_a_unit_vector_of_nothing_is_nothing() -> None:
    assert not unit(np.zeros(4, np.float32)).any()
