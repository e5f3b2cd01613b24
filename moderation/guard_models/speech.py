"""A large Whisper as the ear: what is said, in which language ever, with times; in place of the small English one.

Decoding is greedy, at temperature 0, without memory of the stretch before, and bounded, as the shipped one's is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.devices import Device
from moderation.guard_models.folder import GuardFolder
from moderation.guard_models.running import Placement, Running, finite, open_model
from policies.speech.transcript import MAX_TOKENS, Utterance, stretches
from policies.speech.voice import RATE, Interval, Samples, VoiceActivity, require_samples


@dataclass(frozen=True, slots=True)
class SpeechParts:
    """What is loaded."""

    model: Any
    features: Any
    tokenizer: Any


class SpeechGuard:
    """Whisper in a local folder, on the stretches where somebody speaks. Thread-safe."""

    def __init__(self, folder: GuardFolder, placement: Placement, voice_activity: Path) -> None:
        self._voice = VoiceActivity(voice_activity)
        self._running = Running(folder, placement, _opened)

    @property
    def running(self) -> Running[SpeechParts]:
        """The model, for whoever warms, checks or closes it."""
        return self._running

    @property
    def revision(self) -> str:
        """The model's files."""
        return self._running.revision

    def transcribe(self, samples: Samples) -> tuple[Utterance, ...]:
        """The utterances in `samples`, float32[n] mono at 16 kHz in [-1, 1], in order; none where nobody speaks. Raises
        ValueError for another shape or type, `GuardFailed` or `GuardUnusable`."""
        require_samples(samples)
        return tuple(
            utterance
            for stretch in stretches(self._voice.intervals(samples))
            for utterance in self.heard(samples, stretch)
        )

    def heard(self, samples: Samples, stretch: Interval) -> list[Utterance]:
        """What is said in one stretch of at most 28 s."""
        sound = samples[int(stretch.start_s * RATE) : int(stretch.end_s * RATE)]
        said = self._running.ask(lambda parts: list(_said(parts, sound)))
        length = stretch.end_s - stretch.start_s
        return [
            Utterance(
                round(stretch.start_s + min(start, length), 2), round(stretch.start_s + min(max(start, end), length), 2), text
            )
            for start, end, text in said
        ]  # fmt: skip


def _said(parts: SpeechParts, sound: Samples) -> Iterator[tuple[float, float, str]]:
    """Start and end in seconds of the sound, and the words."""
    inputs = parts.features(sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
    tokens = parts.model.generate(
        inputs.input_features.to(parts.model.device, parts.model.dtype),
        attention_mask=inputs.attention_mask.to(parts.model.device),
        return_timestamps=True,
        do_sample=False,
        num_beams=1,
        temperature=0.0,
        condition_on_prev_tokens=False,
        max_new_tokens=MAX_TOKENS,
        logits_processor=[_Finite()],
        **({"task": "transcribe"} if parts.model.generation_config.is_multilingual else {}),
    )
    read = parts.tokenizer.decode(tokens[0].tolist(), output_offsets=True, skip_special_tokens=True)
    yield from _timed(read["offsets"], str(read["text"]).strip(), len(sound) / RATE)


def _timed(offsets: list[Any], words: str, length_s: float) -> Iterator[tuple[float, float, str]]:
    """The pieces with their times; where they leave words out, all words over the whole sound: none may be lost."""
    pieces = [(piece["timestamp"], str(piece["text"]).strip()) for piece in offsets]
    if "".join("".join(text for _, text in pieces).split()) != "".join(words.split()):
        yield 0.0, length_s, words
        return
    for (start, end), text in pieces:
        if text:
            yield float(start or 0.0), float(length_s if end is None else end), text


class _Finite:
    """Looks at the logits of every token."""

    def __call__(self, _ids: Any, scores: Any) -> Any:
        return finite(scores)


def _opened(folder: GuardFolder, device: Device) -> SpeechParts:
    from transformers import AutoTokenizer, WhisperFeatureExtractor

    where = {"local_files_only": True, "trust_remote_code": False}
    return SpeechParts(
        open_model(folder, device),
        WhisperFeatureExtractor.from_pretrained(str(folder.path), **where),
        AutoTokenizer.from_pretrained(str(folder.path), **where),
    )
