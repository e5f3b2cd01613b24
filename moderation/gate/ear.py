"""The ear for voices: where somebody speaks (Silero) and whose voice it is (the voice encoder), as one sense."""

import numpy as np
from numpy.typing import NDArray

from consent.biometrics.voices import Voice, VoiceModel
from policies.speech.voice import VoiceActivity


class Ear:
    """Tells the voices in a sound apart. Safe to share between threads."""

    def __init__(self, activity: VoiceActivity, model: VoiceModel) -> None:
        self._activity = activity
        self._model = model

    @property
    def revision(self) -> str:
        """Names the model whose templates these are."""
        return self._model.revision

    def voices(self, samples: NDArray[np.float32]) -> tuple[Voice, ...]:
        """The voices in float32[n] mono at 16 kHz, where somebody speaks for long enough to be told."""
        speech = [(stretch.start_s, stretch.end_s) for stretch in self._activity.intervals(samples)]
        return self._model.voices(samples, speech)
