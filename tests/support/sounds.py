"""Sounds that tests make for themselves: silence, noise, a tone, and buzzing vowels that a voice detector takes for speech.

The vowels are a pulse train through formant resonators (Klatt's textbook recipe): no recording of anybody is needed.
"""

import numpy as np
import numpy.typing as npt

RATE = 16_000
Samples = npt.NDArray[np.float32]

_VOWELS = (
    ((730, 90), (1090, 110), (2440, 170)),
    ((270, 60), (2290, 100), (3010, 150)),
    ((300, 60), (870, 100), (2240, 150)),
    ((530, 80), (1840, 100), (2480, 150)),
)
"""Formant frequencies and bandwidths in Hz of the vowels in "father", "see", "boot", "bed" (Peterson and Barney 1952)."""


def silence(seconds: float) -> Samples:
    """float32 zeros."""
    return np.zeros(int(seconds * RATE), np.float32)


def noise(seconds: float, seed: int = 0) -> Samples:
    """White noise at -26 dB."""
    return np.random.default_rng(seed).normal(0, 0.05, int(seconds * RATE)).astype(np.float32)


def tone(seconds: float, hertz: float = 440.0) -> Samples:
    """A sine at -10 dB."""
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def vowels(seconds: float) -> Samples:
    """Syllables of 160 ms with short gaps, in turn from four vowels, the pitch wandering between 110 and 130 Hz."""
    gap = noise(0.04) * 0.4
    count = int(seconds / 0.2)
    return np.concatenate(
        [np.concatenate([_vowel(110 + 10 * (k % 3), _VOWELS[k % 4]), gap]) for k in range(count)]
    )


def _vowel(pitch: float, formants: tuple[tuple[int, int], ...], seconds: float = 0.16) -> Samples:
    time = np.arange(int(seconds * RATE)) / RATE
    phase = np.cumsum(pitch * (1 + 0.03 * np.sin(2 * np.pi * 5 * time))) / RATE
    sound = np.diff(np.floor(phase), prepend=0.0)
    for frequency, bandwidth in formants:
        sound = _resonate(sound, frequency, bandwidth)
    shaped = sound * np.hanning(len(sound)) ** 0.3
    return np.asarray(0.3 * shaped / np.abs(shaped).max(), dtype=np.float32)


def _resonate(sound: npt.NDArray[np.float64], frequency: float, bandwidth: float) -> npt.NDArray[np.float64]:
    radius = np.exp(-np.pi * bandwidth / RATE)
    first, second = 2 * radius * np.cos(2 * np.pi * frequency / RATE), -(radius**2)
    out = np.zeros_like(sound)
    for index, value in enumerate(sound):
        out[index] = value + first * out[index - 1] + second * out[index - 2]
    return out
