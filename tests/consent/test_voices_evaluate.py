"""The command that measures voices: every recording against every template, with n and an interval."""

import csv
from pathlib import Path

import numpy as np
import pytest

from consent.biometrics.evaluate_voices import equal_error, main, read_sound, scores, speech_in
from consent.biometrics.mel import RATE
from consent.biometrics.voices import Voice
from tests.support import sounds
from tests.support.media import sound_file
from tests.support.people import voice_of


def voice(person: int, take: int) -> Voice:
    return Voice(0.0, 3.0, 3.0, voice_of(person, take))


def test_speakers_with_few_recordings_are_strangers_only() -> None:
    heard = {"a": [voice(1, 0), voice(1, 1), voice(1, 2)], "b": [voice(2, 0)]}
    own, others, templates = scores(heard, 2)
    assert (len(own), len(others), templates) == (1, 1, 1)
    assert own[0] > 0.9 > others[0]


def test_the_equal_error_lies_where_both_errors_meet() -> None:
    assert equal_error([0.8, 0.9], [0.1, 0.2]) == {"rate": 0.0, "threshold": 0.8}
    assert equal_error([0.4, 0.9], [0.1, 0.6])["rate"] == 0.5


def test_pauses_are_told_by_loudness() -> None:
    samples = np.concatenate([sounds.tone(1.0), sounds.silence(1.0), sounds.tone(1.0)])
    assert [(round(a, 1), round(b, 1)) for a, b in speech_in(samples)] == [(0.0, 1.0), (2.0, 3.0)]


def test_a_recording_is_read_as_mono_at_sixteen_kilohertz(tmp_path: Path) -> None:
    samples = read_sound(sound_file(tmp_path / "tone.wav"))
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) > RATE // 2


@pytest.mark.models
def test_the_command_prints_rates_with_their_intervals(
    models_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "clips.csv").open("w", newline="") as table:
        writer = csv.DictWriter(table, ("file", "speaker"))
        writer.writeheader()
        for name in ("a1.wav", "a2.wav"):
            sound_file(tmp_path / name)
            writer.writerow({"file": name, "speaker": "a"})
    assert main(["--models", str(models_dir), "--voices", str(tmp_path), "--enrol", "5"]) == 2
    assert "smaller --enrol" in capsys.readouterr().err
