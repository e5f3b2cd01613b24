"""The sound of a movie, resampled and laid on the timeline of its pictures. Runs in the sandbox only."""

from collections.abc import Callable, Mapping
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from moderation.media.errors import MediaTooLong

Emit = Callable[[str, Mapping[str, Any], memoryview], None]
# A hole in the time stamps shorter than this, in seconds, is jitter; a longer one is silence.
JITTER_S = 0.1
_LAYOUTS = {1: "mono", 2: "stereo"}


class SoundTrack:
    """Takes decoded frames, emits chunks of about a second: float32[n, channels] at `rate` Hz.

    `start_s` is where the file's clock begins; None: with the first sample. `channels` 0 measures and emits nothing.
    """

    def __init__(
        self, rate: int, channels: int, max_duration_s: float, emit: Emit, *, start_s: float | None = None
    ) -> None:
        self.rate, self.channels, self.max_duration_s, self.emit = rate, channels, max_duration_s, emit
        self.heard = False
        self._start_s = start_s
        self._resampler = (
            av.AudioResampler(format="flt", layout=_LAYOUTS[channels], rate=rate) if channels else None
        )
        self._emitted = 0
        self._waiting: list[NDArray[np.float32]] = []
        self._waiting_samples = 0

    @property
    def end_s(self) -> float:
        """Seconds of sound so far, silence included."""
        return (self._emitted + self._waiting_samples) / self.rate

    def take(self, frame: Any) -> None:
        """Add a decoded frame. Raises `MediaTooLong`."""
        self.heard = True
        if self._resampler is None:
            self._waiting_samples += round(frame.samples * self.rate / frame.sample_rate)
            self._check()
            return
        if frame.pts is not None and frame.time_base is not None:
            time_s = float(frame.pts * frame.time_base)
            if self._start_s is None:
                self._start_s = time_s
            self._fill_hole(time_s - self._start_s)
        for resampled in self._resampler.resample(frame):
            self._add(resampled.to_ndarray().reshape(-1, self.channels))

    def flush(self) -> None:
        """Emit what is left."""
        if self._resampler is None:
            return
        if self.heard:
            for resampled in self._resampler.resample(None):
                self._add(resampled.to_ndarray().reshape(-1, self.channels))
        self._send()

    def _fill_hole(self, time_s: float) -> None:
        hole_s = time_s - self.end_s
        if time_s > self.max_duration_s:
            raise MediaTooLong(f"sound at {time_s:.0f} s, at most {self.max_duration_s:.0f} s")
        if hole_s > JITTER_S:
            self._add(np.zeros((round(hole_s * self.rate), self.channels), np.float32))

    def _add(self, samples: NDArray[np.float32]) -> None:
        self._waiting.append(samples)
        self._waiting_samples += len(samples)
        self._check()
        if self._waiting_samples >= self.rate:
            self._send()

    def _check(self) -> None:
        if self.end_s > self.max_duration_s + 1:
            raise MediaTooLong(f"more than {self.max_duration_s:.0f} s of sound")

    def _send(self) -> None:
        if not self._waiting:
            return
        samples = np.ascontiguousarray(np.concatenate(self._waiting), dtype=np.float32)
        fields = {"start_s": self._emitted / self.rate, "rate": self.rate, "channels": self.channels}
        self._emitted += len(samples)
        self._waiting, self._waiting_samples = [], 0
        self.emit("sound", fields, samples.data)
