"""Voices in a sound, with the embedding by which two are compared: Resemblyzer's encoder on windows of 1.6 s.

The model says whether two stretches of speech sound like one person. It cannot tell a clone from the person, nor a good
impression; whoever must know that needs another model. What is said plays no part.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from consent.biometrics.mel import HOP, RATE, mel_spectrogram
from consent.errors import ConsentError

Samples = NDArray[np.float32]
Embedding = NDArray[np.float32]
DIMENSION = 256

METHOD = "1"
"""Raise it when the preparation changes: templates of different methods are not comparable."""
FRAMES = 160
WINDOW_S = FRAMES * HOP / RATE
STEP_FRAMES = 77
"""1.3 windows a second, as Resemblyzer's `embed_utterance`."""
SHORTEST_S = 1.2
"""Seconds of speech below which a window is mostly padding and says nothing of the voice."""
LOUDNESS = 10 ** (-30 / 20)
"""Root mean square to which softer sound is raised: Resemblyzer's -30 dBFS."""
ONE_VOICE = 0.70
"""Cosine of a window with the mean of a voice from which it is taken to be that voice, inside one recording."""
PAUSE_S = 0.5
"""Stretches of speech with no longer pause between them are one."""


class SoundInvalid(ConsentError):
    """The array is no sound."""

    code = "voice.sound_invalid"


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One voice in a recording, heard between `start_s` and `end_s` for `seconds` in all.

    `embedding` is float32[256] of length 1, and is biometric data: it is left out of the repr.
    """

    start_s: float
    end_s: float
    seconds: float
    embedding: Embedding = field(repr=False)


class VoiceModel:
    """Embeds speech. Calls from several threads are safe; each runs on one CPU thread."""

    def __init__(self, encoder_onnx: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(encoder_onnx), options, providers=["CPUExecutionProvider"]
        )
        digest = hashlib.sha256(METHOD.encode() + hashlib.sha256(encoder_onnx.read_bytes()).digest())
        self.revision = f"voice:{digest.hexdigest()[:12]}"

    def windows(self, speech: Samples) -> NDArray[np.float32]:
        """float32[n, 256] of unit vectors, one for each window of 1.6 s of float32[m] mono at 16 kHz; short speech is padded.

        Raises `SoundInvalid`.
        """
        if speech.ndim != 1 or speech.dtype != np.float32 or not speech.size or not np.isfinite(speech).all():
            raise SoundInvalid(
                f"sound: {speech.dtype}{list(speech.shape)} is none; give finite float32[n] at 16 kHz"
            )
        padded = np.pad(as_loud(speech), (0, max(0, int(WINDOW_S * RATE) - len(speech))))
        mels = mel_spectrogram(padded)
        starts = range(0, len(mels) - FRAMES + 1, STEP_FRAMES)
        batch = np.stack([mels[at : at + FRAMES] for at in starts])
        return np.asarray(self._session.run(None, {"mels": batch})[0], np.float32)

    def utterance(self, speech: Samples) -> Embedding:
        """float32[256] of length 1: the mean of the windows. Raises `SoundInvalid`."""
        return unit(self.windows(speech).mean(axis=0))

    def voices(self, samples: Samples, speech: Sequence[tuple[float, float]]) -> tuple[Voice, ...]:
        """The voices in float32[n] mono at 16 kHz, where `speech` (seconds from, to) says that somebody speaks.

        A stretch shorter than `SHORTEST_S` belongs to nobody: the answer leaves it out.
        """
        heard: list[_Cluster] = []
        for start_s, end_s in joined(speech):
            if end_s - start_s < SHORTEST_S:
                continue
            found = self.windows(samples[int(start_s * RATE) : int(end_s * RATE)])
            for number, embedding in enumerate(found):
                at = start_s + number * STEP_FRAMES * HOP / RATE
                _nearest(heard, embedding).add(embedding, at, min(end_s, at + WINDOW_S))
        return tuple(cluster.voice() for cluster in heard)


@dataclass(slots=True)
class _Cluster:
    """Windows that sound alike, as they come."""

    total: Embedding
    times: list[tuple[float, float]] = field(default_factory=list)

    def add(self, embedding: Embedding, start_s: float, end_s: float) -> None:
        self.total = self.total + embedding
        self.times.append((start_s, end_s))

    def voice(self) -> Voice:
        covered = sum(end - start for start, end in joined(self.times, pause_s=0.0))
        return Voice(
            round(self.times[0][0], 2), round(self.times[-1][1], 2), round(covered, 2), unit(self.total)
        )


def _nearest(heard: list[_Cluster], embedding: Embedding) -> _Cluster:
    """The voice that a window belongs to; a new one where it is like none."""
    cosines = [float(unit(cluster.total) @ embedding) for cluster in heard]
    best = int(np.argmax(cosines)) if cosines else -1
    if best < 0 or cosines[best] < ONE_VOICE:
        heard.append(_Cluster(np.zeros(DIMENSION, np.float32)))
    return heard[best if best >= 0 and cosines[best] >= ONE_VOICE else -1]


def as_loud(speech: Samples) -> Samples:
    """The sound, raised to `LOUDNESS` where it is softer."""
    level = float(np.sqrt(np.mean(np.square(speech, dtype=np.float64))))
    return (
        speech if level <= 0.0 or level >= LOUDNESS else np.asarray(speech * (LOUDNESS / level), np.float32)
    )


def joined(
    stretches: Sequence[tuple[float, float]], *, pause_s: float = PAUSE_S
) -> list[tuple[float, float]]:
    """The stretches (seconds from, to; in order) with those joined that lie no more than `pause_s` apart."""
    result: list[tuple[float, float]] = []
    for start, end in stretches:
        if result and start - result[-1][1] <= pause_s:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def unit(vector: NDArray[np.float32]) -> Embedding:
    """The vector at length 1."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
