"""Where somebody speaks: Silero's voice activity model, run on its ONNX file.

The transcriber listens only there: Whisper invents sentences over music and silence.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from policies.onnx_session import OnnxFile

RATE = 16_000
"""Samples per second of every array here."""
FRAME, CONTEXT = 512, 64
"""Samples per step, and of the step before that the model wants in front (silero_vad.utils_vad.OnnxWrapper)."""
SPEECH_FROM, SILENCE_BELOW = 0.4, 0.25
"""Hysteresis on the model's probability. Below Silero's .5/.35: a missed sentence costs more than a second of music."""
MIN_SPEECH_S, MIN_SILENCE_S, PAD_S = 0.2, 0.3, 0.2

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds `start_s` to `end_s`."""

    start_s: float
    end_s: float


class VoiceActivity:
    """Reads the ONNX file when first needed. Safe to share between threads: the recurrent state is the call's own."""

    def __init__(self, model: Path) -> None:
        self._file = OnnxFile(model, "voice activity model")

    def intervals(self, samples: Samples) -> tuple[Interval, ...]:
        """Where speech lies in `samples`, float32[n] mono at 16 kHz in [-1, 1], in order and apart.

        Raises ValueError for another shape or type, FileNotFoundError when the model is missing.
        """
        return join(speech_runs(self.probabilities(samples)), len(samples) / RATE)

    def probabilities(self, samples: Samples) -> npt.NDArray[np.float32]:
        """The probability of speech per step of 32 ms, float32[ceil(n / 512)]."""
        require_samples(samples)
        session = self._file.session()
        state = np.zeros((2, 1, 128), np.float32)
        padded = np.concatenate(
            [np.zeros(CONTEXT, np.float32), samples, np.zeros(-len(samples) % FRAME, np.float32)]
        )
        found = []
        for at in range(CONTEXT, len(padded), FRAME):
            step = padded[None, at - CONTEXT : at + FRAME]
            value, state = session.run(None, {"input": step, "state": state, "sr": np.array(RATE, np.int64)})
            found.append(value[0, 0])
        return np.array(found, np.float32)


def require_samples(samples: Samples) -> None:
    """Raise ValueError unless `samples` is finite float32[n]."""
    if samples.dtype != np.float32 or samples.ndim != 1:
        raise ValueError(f"samples must be float32[n] at 16 kHz, got {samples.dtype}{list(samples.shape)}")
    if not np.isfinite(samples).all():
        raise ValueError("samples must be finite, got nan or infinity: decode the sound again")


def speech_runs(probabilities: npt.NDArray[np.float32]) -> list[Interval]:
    """Runs of speech by hysteresis, in seconds; runs shorter than `MIN_SPEECH_S` are noise."""
    step = FRAME / RATE
    runs: list[Interval] = []
    start: int | None = None
    for index, probability in enumerate([*probabilities.tolist(), 0.0]):
        if start is None and probability >= SPEECH_FROM:
            start = index
        elif start is not None and probability < SILENCE_BELOW:
            if (index - start) * step >= MIN_SPEECH_S:
                runs.append(Interval(start * step, index * step))
            start = None
    return runs


def join(runs: list[Interval], duration_s: float) -> tuple[Interval, ...]:
    """The runs widened by `PAD_S` inside 0 to `duration_s`; those with less than `MIN_SILENCE_S` between them joined."""
    joined: list[Interval] = []
    for run in runs:
        start, end = max(0.0, run.start_s - PAD_S), min(duration_s, run.end_s + PAD_S)
        if joined and start - joined[-1].end_s < MIN_SILENCE_S:
            joined[-1] = Interval(joined[-1].start_s, end)
        else:
            joined.append(Interval(start, end))
    return tuple(joined)
