"""Which frames of a clip are worth reading: reading one costs as much as every other look at two.

A frame is read when it may hold text at all, shows something that the last frame read did not, and enough time has passed
(`SCENE_EVERY_S` after a cut, `EVERY_S` in one scene). What lies between is not read: text that is up for less than that can pass.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from policies.vision.text_detection import Frame

EVERY_S, SCENE_EVERY_S = 2.0, 1.0
"""Seconds from one frame read to the next."""
LOOK_WIDTH = 640
STROKE = 32
"""Difference of grey levels across two pixels that may be the edge of a letter."""
WINDOW = (31, 9)
DENSITY = 0.12
"""The share of such pixels in a window of a letter's height that makes it look like writing. Measured by `measure_text`."""
SMALL = (160, 90)
BLOCK_CHANGED = 20
"""Grey levels by which one of 160 x 90 cells moves when a caption appears or changes."""
CUT_SHARE = 0.3
"""The share of changed cells that makes it another scene."""

Grey = npt.NDArray[np.uint8]


@dataclass(slots=True)
class WorthReading:
    """Decides frame by frame, in order of time; counts why. Not for use by several threads."""

    read: int = 0
    plain: int = 0
    unchanged: int = 0
    too_soon: int = 0
    _last_s: float = float("-inf")
    _last: Grey | None = None

    def take(self, time_s: float, rgb: Frame) -> bool:
        """Whether the frame uint8[h, w, 3] at `time_s` is to be read."""
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        small = np.asarray(cv2.resize(grey, SMALL, interpolation=cv2.INTER_AREA), np.uint8)
        changed = 1.0 if self._last is None else _share_changed(self._last, small)
        if changed == 0.0:
            self.unchanged += 1
            return False
        if time_s - self._last_s < (SCENE_EVERY_S if changed >= CUT_SHARE else EVERY_S):
            self.too_soon += 1
            return False
        if not looks_written(grey):
            self.plain += 1
            return False
        self.read += 1
        self._last, self._last_s = small, time_s
        return True


def looks_written(grey: npt.NDArray[np.uint8] | npt.NDArray[np.generic]) -> bool:
    """Whether any window of grey levels uint8[h, w] has as many strokes as writing has, upright or on its side."""
    height, width = grey.shape
    scale = min(1.0, LOOK_WIDTH / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(np.asarray(grey, np.uint8), size, interpolation=cv2.INTER_AREA)
    return _density(small) >= DENSITY or _density(np.ascontiguousarray(small.T)) >= DENSITY


def _density(grey: npt.NDArray[np.generic]) -> float:
    """The highest share of strokes in any window: pixels whose left and right neighbours differ by `STROKE`."""
    levels = np.asarray(grey, np.int16)
    if levels.shape[1] < 3:
        return 0.0
    strokes = (np.abs(levels[:, 2:] - levels[:, :-2]) >= STROKE).astype(np.float32)
    return float(cv2.blur(strokes, WINDOW).max())


def _share_changed(before: Grey, after: Grey) -> float:
    return float((cv2.absdiff(before, after) >= BLOCK_CHANGED).mean())
