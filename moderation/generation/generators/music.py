"""Soft music for the storyboard: the scene's chord held, its tones plucked in turn. Nothing in it is speech."""

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PLUCK_S = 0.5
FADE_S = 0.08
LOUDNESS = 0.16


def compose(chord: tuple[float, ...], seconds: float) -> NDArray[np.float32]:
    """Stereo float32[n, 2] at 48 kHz, |sample| < 0.5, faded in and out. `chord` in Hz."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    pad = sum(np.sin(2 * np.pi * hz * time_s) for hz in chord) / max(len(chord), 1)
    tremolo = 0.85 + 0.15 * np.sin(2 * np.pi * 0.7 * time_s)
    left = LOUDNESS * (pad * tremolo + _plucks(chord, time_s, offset=0))
    right = LOUDNESS * (pad * tremolo + _plucks(chord, time_s, offset=1))
    fade = np.clip(np.minimum(time_s, time_s[::-1]) / FADE_S, 0, 1) if len(time_s) else time_s
    return np.stack([left * fade, right * fade], axis=1).astype(np.float32)


def _plucks(chord: tuple[float, ...], time_s: NDArray[np.float64], offset: int) -> NDArray[np.float64]:
    """One tone of the chord, an octave or two up, every half second, dying away."""
    turn = (time_s // PLUCK_S).astype(np.int64) + offset
    since = time_s % PLUCK_S
    tones = np.array([hz * (2 + step % 2 * 2) for step, hz in enumerate(chord * 2)])
    return np.sin(2 * np.pi * tones[turn % len(tones)] * since) * np.exp(-6 * since)
