"""Whose voices are heard: stretches of speech, the voices in them, and who of the enrolled, revoked or protected they may be."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from consent.biometrics.voices import DIMENSION, Voice
from moderation.gate.check import cause_of
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import FaceMatch, Observed, VoiceSighting

Samples = NDArray[np.float32]


class HearsVoices(Protocol):
    """Tells the voices in a sound apart."""

    @property
    def revision(self) -> str:
        """Names the model whose templates these are."""

    def voices(self, samples: Samples) -> Sequence[Voice]:
        """The voices in float32[n] mono at 16 kHz, each with its embedding."""


class VoiceLookup(Protocol):
    """The index of enrolled, revoked and protected voices."""

    def identify(self, embeddings: NDArray[np.float32]) -> Sequence[tuple[FaceMatch, ...]]:
        """For each row of float32[n, 256] the confirmed matches, best first. Raises `CouldNotJudge` when stale."""


def hear_voices(
    model: Lazy[HearsVoices], lookup: VoiceLookup, samples: Samples | None
) -> Observed[tuple[VoiceSighting, ...]]:
    """The voices in float32[n] mono at 16 kHz with their matches; silence and a file without sound have none."""
    if samples is None or not samples.size:
        return Observed(())
    try:
        heard = model.get().voices(samples)
        embeddings = np.array([voice.embedding for voice in heard], np.float32).reshape(-1, DIMENSION)
        found = lookup.identify(embeddings)
    except Exception as error:
        return Observed(cause=cause_of(error))
    return Observed(
        tuple(
            VoiceSighting(voice.start_s, voice.end_s, voice.seconds, matches)
            for voice, matches in zip(heard, found, strict=True)
        )
    )
