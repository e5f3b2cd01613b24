"""Measure the voice model on labelled recordings: what each threshold costs. The thresholds of voices come from here.

    python -m consent.biometrics.evaluate_voices --models DIR --voices DIR [--enrol N]

`--voices` holds `clips.csv` (columns `file` and `speaker`) and the recordings, in any folder below. Of each speaker with more
than `--enrol` recordings the first ones make the template, as an enrolment does; each other recording is held against each
template. Where speech lies is told by the loudness of 30 ms frames, so that only the voice model is measured. Prints JSON.
"""

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from consent.biometrics.evaluate import wilson
from consent.biometrics.mel import RATE
from consent.biometrics.voices import Voice, VoiceModel, joined, unit

THRESHOLDS = (0.60, 0.65, 0.70, 0.72, 0.74, 0.76, 0.78, 0.80, 0.82, 0.85, 0.90)
FRAME = 480
QUIET = 0.1
"""Of the loud frames' level, below which a frame is a pause."""

Samples = NDArray[np.float32]


def read_sound(file: Path) -> Samples:
    """The file as float32[n] mono at 16 kHz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(file)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32)


def speech_in(samples: Samples) -> list[tuple[float, float]]:
    """Seconds from, to of the stretches that are no pause."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    level = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    loud = level > QUIET * np.quantile(level, 0.95)
    step = FRAME / RATE
    return joined([(at * step, (at + 1) * step) for at in np.flatnonzero(loud)])


def main_voice(model: VoiceModel, samples: Samples) -> Voice | None:
    """The voice that speaks longest; None where nobody speaks for long enough."""
    return max(model.voices(samples, speech_in(samples)), key=lambda voice: voice.seconds, default=None)


def scores(heard: Mapping[str, Sequence[Voice]], enrolled: int) -> tuple[list[float], list[float], int]:
    """Cosines of recordings with their own speaker's template and with others', and how many templates there are. Speakers with
    no more than `enrolled` recordings are strangers only."""
    templates = {
        speaker: unit(np.mean([voice.embedding for voice in voices[:enrolled]], axis=0))
        for speaker, voices in heard.items()
        if len(voices) > enrolled
    }
    own: list[float] = []
    others: list[float] = []
    for speaker, template in templates.items():
        for name, voices in heard.items():
            for voice in voices[enrolled:] if name == speaker else voices:
                (own if name == speaker else others).append(float(voice.embedding @ template))
    return own, others, len(templates)


def equal_error(own: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    """The threshold at which both errors are nearest each other, and the larger of the two."""
    mine, strangers = np.asarray(own), np.asarray(others)
    best = min(
        (max(float((mine < t).mean()), float((strangers >= t).mean())), float(t))
        for t in np.unique(np.concatenate([mine, strangers]))
    )
    return {"rate": round(best[0], 4), "threshold": round(best[1], 3)}


def report_of(model: VoiceModel, heard: Mapping[str, Sequence[Voice]], enrolled: int) -> dict[str, Any]:
    """What each threshold costs."""
    own, others, templates = scores(heard, enrolled)
    rows = [
        {
            "threshold": threshold,
            "false_match": asdict(wilson(sum(cosine >= threshold for cosine in others), len(others))),
            "false_non_match": asdict(wilson(sum(cosine < threshold for cosine in own), len(own))),
        }
        for threshold in THRESHOLDS
    ]
    return {
        "model": model.revision,
        "speakers": len(heard),
        "recordings_per_template": enrolled,
        "templates": templates,
        "own": len(own),
        "others": len(others),
        "equal_error": equal_error(own, others),
        "rows": rows,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the recordings, compare, print JSON; exit status 0, or 2 when nothing could be compared."""
    parser = argparse.ArgumentParser(
        description="What each threshold costs on labelled recordings of voices."
    )
    parser.add_argument(
        "--models", type=Path, required=True, help="folder that `safeconduct models fetch` fills"
    )
    parser.add_argument("--voices", type=Path, required=True, help="folder with clips.csv and the recordings")
    parser.add_argument("--enrol", type=int, default=5, help="recordings that make a template")
    given = parser.parse_args(arguments)
    model = VoiceModel(given.models / "voice_embedding" / "voice_encoder.onnx")
    files = {path.name: path for path in given.voices.rglob("*") if path.is_file()}
    heard: dict[str, list[Voice]] = {}
    with (given.voices / "clips.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            voice = main_voice(model, read_sound(files[row["file"]]))
            if voice is not None:
                heard.setdefault(row["speaker"], []).append(voice)
    if not any(len(voices) > given.enrol for voices in heard.values()):
        sys.stderr.write(
            f"--voices: no speaker has more than {given.enrol} recordings; give a smaller --enrol\n"
        )
        return 2
    sys.stdout.write(json.dumps(report_of(model, heard, given.enrol), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
