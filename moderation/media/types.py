"""What comes out of a media file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MediaKind = Literal["image", "video", "audio"]


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Of a file: `width` and `height` in pixels as displayed (0 for sound), `duration_s` in seconds (0 for a still).

    From the header at first; after the last frame `duration_s` and `frames` are what was decoded. `fps` is 0 when unknown.
    """

    kind: MediaKind
    container: str
    width: int
    height: int
    duration_s: float
    fps: float
    frames: int
    has_audio: bool


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """A picture at `time_s` seconds: `rgb` is uint8[h, w, 3], upright, yours to draw into; `scene_change`: unlike the last."""

    time_s: float
    rgb: "NDArray[np.uint8]"
    scene_change: bool


@dataclass(frozen=True, slots=True)
class PlanarFrame:
    """A picture at `time_s` seconds in three planes, upright: `packed` is uint8[h * 3 / 2, w], yours to draw into.

    See `media.planar`. BT.709 in limited range, brightness at full size and colour at half of it; both sides are even.
    """

    time_s: float
    packed: "NDArray[np.uint8]"


@dataclass(frozen=True, slots=True)
class SoundChunk:
    """Sound from `start_s`: `samples` float32[n, channels], nominally in [-1, 1], at `rate` Hz."""

    start_s: float
    samples: "NDArray[np.float32]"
    rate: int
