"""What is said, and when: Whisper (English, CTranslate2) on the stretches where somebody speaks.

Decoding is bounded and repeatable: one greedy pass at temperature 0, no retries, no memory of the stretch before, a cap
on tokens. The same sound gives the same words.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.speech.voice import RATE, Interval, Samples, VoiceActivity, require_samples

LANGUAGE = "en"
"""The only language of the shipped weights. Speech in another comes out as English-looking nonsense."""
STRETCH_S = 28.0
"""Sound per decoding: Whisper's window is 30 s."""
MAX_TOKENS = 200
"""Per stretch: fast speech has about 5 tokens a second, Whisper's own limit is 224."""
DECODING = {
    "language": LANGUAGE,
    "beam_size": 1,
    "best_of": 1,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "compression_ratio_threshold": None,
    "log_prob_threshold": None,
    "no_speech_threshold": None,
    "max_new_tokens": MAX_TOKENS,
    "vad_filter": False,
}
REQUIRED_FILES = ("config.json", "model.bin", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class Utterance:
    """`text` said between `start_s` and `end_s` seconds, rounded to hundredths."""

    start_s: float
    end_s: float
    text: str


class Transcriber:
    """Whisper from the folder `whisper` and Silero from `voice_activity`, both loaded when first needed. Thread-safe."""

    def __init__(self, whisper: Path, voice_activity: Path) -> None:
        self._folder = whisper
        self._voice = VoiceActivity(voice_activity)
        self._lock = threading.Lock()
        self._model: Any = None

    def transcribe(self, samples: Samples) -> tuple[Utterance, ...]:
        """The utterances in `samples`, float32[n] mono at 16 kHz in [-1, 1], in order; none where nobody speaks.

        Raises ValueError for another shape or type, FileNotFoundError when a model is missing.
        """
        require_samples(samples)
        return tuple(
            utterance
            for stretch in stretches(self._voice.intervals(samples))
            for utterance in self._heard(samples, stretch)
        )

    def _heard(self, samples: Samples, stretch: Interval) -> Iterator[Utterance]:
        sound = samples[int(stretch.start_s * RATE) : int(stretch.end_s * RATE)]
        with self._lock:
            segments = list(self._loaded().transcribe(sound, **DECODING)[0])
        for segment in segments:
            text = segment.text.strip()
            if text:
                end_s = min(stretch.start_s + segment.end, stretch.end_s)
                start_s = min(stretch.start_s + segment.start, end_s)
                yield Utterance(round(start_s, 2), round(end_s, 2), text)

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = _open(self._folder)
        return self._model


def stretches(intervals: tuple[Interval, ...]) -> list[Interval]:
    """The intervals cut and joined into stretches of at most `STRETCH_S`, so that few decodings cover all speech."""
    result: list[Interval] = []
    for interval in intervals:
        for piece in _cut(interval):
            if result and piece.end_s - result[-1].start_s <= STRETCH_S:
                result[-1] = Interval(result[-1].start_s, piece.end_s)
            else:
                result.append(piece)
    return result


def _cut(interval: Interval) -> Iterator[Interval]:
    at = interval.start_s
    while interval.end_s - at > STRETCH_S:
        yield Interval(at, at + STRETCH_S)
        at += STRETCH_S
    yield Interval(at, interval.end_s)


def _open(folder: Path) -> Any:
    for name in REQUIRED_FILES:
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"speech model: no {name} in {folder}; fetch the models or give another folder"
            )
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
