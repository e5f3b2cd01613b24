"""The ear of the voice model: power mel spectrograms exactly as Resemblyzer computes them with librosa.

`librosa.feature.melspectrogram(sr=16000, n_fft=400, hop_length=160, n_mels=40)`: frames centred, zeros beyond both ends, periodic
Hann window, Slaney's mel scale and normalisation, no logarithm. A test holds it against librosa's own figures.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples per second of every array here."""
WINDOW, HOP, MELS = 400, 160, 40

LINEAR_HZ = 200 / 3
BREAK_HZ = 1000.0
STEP = np.log(6.4) / 27
"""Slaney's Auditory Toolbox (1998): linear in steps of 66.7 Hz below 1 kHz, logarithmic above, 27 steps from 1 to 6.4 kHz."""


def mel_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[1 + n // 160, 40] of float32[n] mono at 16 kHz."""
    padded = np.pad(samples.astype(np.float32), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return np.asarray(power @ _filters().T, np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    """The periodic window, float32[400]."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW), np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Triangles over the spectrum, each of area 2 / its width in Hz: float32[40, 201]."""
    edges = _hz(np.linspace(0.0, _mel(RATE / 2), MELS + 2))
    bins = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    widths = np.diff(edges)
    ramps = edges[:, None] - bins[None, :]
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None], np.float32)


def _mel(hertz: float) -> float:
    if hertz < BREAK_HZ:
        return hertz / LINEAR_HZ
    return float(BREAK_HZ / LINEAR_HZ + np.log(hertz / BREAK_HZ) / STEP)


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = mels >= BREAK_HZ / LINEAR_HZ
    return np.where(above, BREAK_HZ * np.exp(STEP * (mels - BREAK_HZ / LINEAR_HZ)), mels * LINEAR_HZ)
