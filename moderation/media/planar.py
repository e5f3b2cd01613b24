"""Pictures as an encoder takes them: three planes, brightness and two of colour at half the size (BT.709, 4:2:0, limited range).

A release stays in this form from the decoder to the encoder: nothing is converted to RGB and back, which costs time and colour.
"""

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

Packed = NDArray[np.uint8]
"""The planes one after the other: uint8[h * 3 / 2, w], both sides even."""

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""Brightness uint8[h, w], then the two of colour uint8[h / 2, w / 2]."""


def from_rgb(rgb: NDArray[np.uint8]) -> Packed:
    """uint8[h, w, 3] as planes; odd edges lose a line."""
    even = np.ascontiguousarray(rgb[: len(rgb) // 2 * 2, : rgb.shape[1] // 2 * 2])
    frame = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    packed: Packed = frame.to_ndarray()
    return packed


def taken_as_is(frame: Any) -> bool:
    """Whether a decoded frame has this form already, and says so: what does not say its colours is converted as for looking."""
    return bool(
        frame.format.name == "yuv420p"
        and frame.width % 2 == 0
        and frame.height % 2 == 0
        and frame.colorspace == Colorspace.ITU709
        and frame.color_range in {ColorRange.MPEG, ColorRange.UNSPECIFIED}
    )


def turned(packed: Packed, quarters: int) -> Packed:
    """The picture turned by `quarters` of a circle, counter-clockwise."""
    if quarters % 4 == 0:
        return packed
    planes = [np.rot90(plane, quarters) for plane in planes_of(packed)]
    return np.concatenate([plane.ravel() for plane in planes]).reshape(-1, planes[0].shape[1])


def planes_of(packed: Packed) -> Planes:
    """Views into `packed`, which is contiguous: what is drawn into them is drawn into it."""
    height, width = len(packed) * 2 // 3, packed.shape[1]
    flat, pixels = packed.reshape(-1), height * width
    half = (height // 2, width // 2)
    quarter = pixels // 4
    return (
        flat[:pixels].reshape(height, width),
        flat[pixels : pixels + quarter].reshape(half),
        flat[pixels + quarter :].reshape(half),
    )
