"""Which frames are looked at: two per second, and each that differs from the frame before it.

A single inserted frame is a scene change twice, so what flashes by is looked at too.
"""

from typing import TYPE_CHECKING

from moderation.media.errors import TooManyFrames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMB_WIDTH, THUMB_HEIGHT = 32, 18
# A cell of the thumbnail changed when its luma moved by more than a tenth of the range; a scene changed when a tenth of
# the cells did. On the storyboard's videos cuts reach .05-.94 and motion .00 (tests/media/test_sampling.py has the rest);
# a soft cut that is missed is still met by the regular samples within half a second.
CELL_CHANGED = 24
SCENE_SHARE = 0.1
# Time stamps in ticks of an arbitrary clock miss a round number of seconds by less than this.
ROUNDING_S = 0.001


class Sampler:
    """Decides frame by frame. Not for use by several threads."""

    def __init__(self, *, per_second: float, max_frames: int) -> None:
        self._step = 1.0 / per_second
        self._left = max_frames
        self._due_s = float("-inf")
        self._last_s = float("-inf")
        self._before: NDArray[np.int16] | None = None

    def take(self, time_s: float, thumb: "NDArray[np.uint8]") -> tuple[bool, bool]:
        """Whether the frame at `time_s` is looked at, and whether it begins a scene. `thumb` is luma uint8[18, 32].

        Raises `TooManyFrames` once more frames than allowed would have been looked at.
        """
        small = thumb.astype("int16")
        scene = self._before is not None and share_changed(self._before, small) >= SCENE_SHARE
        due = time_s >= self._due_s - ROUNDING_S or time_s < self._last_s
        self._before, self._last_s = small, time_s
        if due:
            self._due_s = time_s + self._step
        if due or scene:
            self._left -= 1
            if self._left < 0:
                raise TooManyFrames
        return due or scene, scene


def share_changed(before: "NDArray[np.int16]", after: "NDArray[np.int16]") -> float:
    """The share of cells in [0, 1] whose luma moved by more than `CELL_CHANGED` levels."""
    return float((abs(after - before) > CELL_CHANGED).mean())
