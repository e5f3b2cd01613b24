"""The label that people see. A port, because a label that resists cropping comes later behind the same interface."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
"""A frame as an encoder takes it: brightness uint8[h, w], then the two of colour uint8[h / 2, w / 2]; BT.709, limited range."""

HEIGHT_SHARE = 1 / 24
"""Height of the plate as a share of the frame's: 30 pixels at 720p, text about half of it."""
SMALLEST_PLATE_PX = 16
OPACITY = 0.72
MARGIN_SHARE = 1 / 40
BLACK, WHITE, GREY = 16, 235, 128
"""In limited range (ITU-R BT.709): the ends of brightness, and colour that is none."""
METHOD = "planes"
"""Part of the revision: how the words get into the frame."""


class VisibleMark(Protocol):
    """Draws a label into every frame."""

    @property
    def revision(self) -> str:
        """Names the label and everything that decides how it looks; written into the credential and the ledger."""

    def draw(self, planes: Planes, time_s: float) -> None:
        """Draw into the frame; both its sides are even. `time_s`: seconds into the video."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Of one plane: where the plate goes, and `plane = plane * keep // 256 + add` for its pixels."""

    top: int
    left: int
    keep: NDArray[np.uint16]
    add: NDArray[np.uint16]

    def blend(self, plane: Plane) -> None:
        rows, columns = self.keep.shape
        spot = plane[self.top : self.top + rows, self.left : self.left + columns]
        spot[...] = ((spot * self.keep) >> 8) + self.add


@dataclass(frozen=True)
class PlainLabel:
    """White words on a dark plate in the lower right corner, the same in every frame.

    Honest and cheap, and no more: cropping removes it. Only the plate's pixels are touched, in the planes themselves.
    """

    text: str = "AI generated"
    _plates: dict[tuple[int, ...], tuple[_Layer, _Layer]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def revision(self) -> str:
        """`plain-label:<12 hex>` of the words and the layout."""
        look = f"{self.text}|{HEIGHT_SHARE}|{OPACITY}|{MARGIN_SHARE}|{SMALLEST_PLATE_PX}|{METHOD}"
        return f"plain-label:{hashlib.sha256(look.encode()).hexdigest()[:12]}"

    def draw(self, planes: Planes, time_s: float) -> None:  # this label does not move
        """Draw into the three planes."""
        size = planes[0].shape
        plate = self._plates.get(size)
        if plate is None:
            plate = self._plates[size] = _render(self.text, *size)
        brightness, colour = plate
        brightness.blend(planes[0])
        for plane in planes[1:]:
            colour.blend(plane)


def _render(text: str, height: int, width: int) -> tuple[_Layer, _Layer]:
    """The plate for frames of this size, for brightness and for colour; it shrinks to fit a narrow frame."""
    plate_height = max(SMALLEST_PLATE_PX, round(height * HEIGHT_SHARE))
    picture = _draw(text, plate_height)
    scale = min(1.0, width / picture.width, height / picture.height)
    size = (_even(picture.width * scale), _even(picture.height * scale))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    margin = round(height * MARGIN_SHARE)
    top, left = (
        max(0, side - own - margin) // 2 * 2 for side, own in zip((height, width), size[::-1], strict=True)
    )
    words = np.asarray(picture, dtype=np.float64) / 255
    keep = np.rint((256 - round(OPACITY * 256)) * (1 - words))
    half = keep.reshape(size[1] // 2, 2, size[0] // 2, 2).mean(axis=(1, 3))
    shown = BLACK * (256 - keep) / 256 + (WHITE - BLACK) * words
    return (
        _layer(top, left, keep, shown),
        _layer(top // 2, left // 2, np.rint(half), GREY * (256 - np.rint(half)) / 256),
    )


def _layer(top: int, left: int, keep: NDArray[np.float64], add: NDArray[np.float64]) -> _Layer:
    return _Layer(top, left, keep.astype(np.uint16), np.rint(add).astype(np.uint16))


def _even(side: float) -> int:
    return max(2, int(side) // 2 * 2)


def _draw(text: str, plate_height: int) -> Image.Image:
    """The words in white on black, with half a line of air at either side."""
    font = ImageFont.load_default(size=plate_height * 0.62)
    left, top, right, bottom = font.getbbox(text)
    air = plate_height // 2
    picture = Image.new("L", (int(right - left) + 2 * air, plate_height), 0)
    place = (air - left, (plate_height - (bottom - top)) / 2 - top)
    ImageDraw.Draw(picture).text(place, text, fill=255, font=font)
    return picture
