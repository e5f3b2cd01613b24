"""The label that people see. A port, because a label that resists cropping comes later behind the same interface."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Frame = NDArray[np.uint8]

HEIGHT_SHARE = 1 / 24
"""Height of the plate as a share of the frame's: 30 pixels at 720p, text about half of it."""
SMALLEST_PLATE_PX = 16
OPACITY = 0.72
MARGIN_SHARE = 1 / 40


class VisibleMark(Protocol):
    """Draws a label into every frame."""

    @property
    def revision(self) -> str:
        """Names the label and everything that decides how it looks; written into the credential and the ledger."""

    def apply(self, frame: Frame, time_s: float) -> Frame:
        """The labelled frame. `frame`: uint8[h, w, 3], RGB, which may be drawn into; `time_s`: seconds into the video."""


@dataclass(frozen=True, slots=True)
class _Plate:
    """A rendered plate: where it goes, and `frame = frame * keep // 256 + add` for its pixels."""

    top: int
    left: int
    keep: NDArray[np.uint16]
    add: NDArray[np.uint16]


@dataclass(frozen=True)
class PlainLabel:
    """White words on a dark plate in the lower right corner, the same in every frame.

    Honest and cheap, and no more: cropping removes it.
    """

    text: str = "AI generated"
    _plates: dict[tuple[int, int], _Plate] = field(default_factory=dict, repr=False, compare=False)

    @property
    def revision(self) -> str:
        """`plain-label:<12 hex>` of the words and the layout."""
        look = f"{self.text}|{HEIGHT_SHARE}|{OPACITY}|{MARGIN_SHARE}|{SMALLEST_PLATE_PX}"
        return f"plain-label:{hashlib.sha256(look.encode()).hexdigest()[:12]}"

    def apply(self, frame: Frame, time_s: float) -> Frame:  # this label does not move
        """Draw into `frame` (a copy when it is read-only) and return it."""
        height, width = frame.shape[:2]
        plate = self._plates.get((height, width))
        if plate is None:
            plate = self._plates[height, width] = _render(self.text, height, width)
        if not frame.flags.writeable:
            frame = frame.copy()
        rows, columns = plate.keep.shape[:2]
        spot = frame[plate.top : plate.top + rows, plate.left : plate.left + columns]
        spot[...] = ((spot * plate.keep) >> 8) + plate.add
        return frame


def _render(text: str, height: int, width: int) -> _Plate:
    """The plate for frames of this size; it shrinks to fit a narrow frame."""
    plate_height = max(SMALLEST_PLATE_PX, round(height * HEIGHT_SHARE))
    picture = _draw(text, plate_height)
    widest, tallest = max(1, width), max(1, height)
    scale = min(1.0, widest / picture.width, tallest / picture.height)
    if scale < 1:
        size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    margin = round(height * MARGIN_SHARE)
    pixels = np.asarray(picture, dtype=np.uint16)
    opacity = round(OPACITY * 256)
    words = pixels[..., None].repeat(3, axis=2)
    keep = ((256 - opacity) * (255 - words) // 255).astype(np.uint16)
    return _Plate(
        top=max(0, height - picture.height - margin),
        left=max(0, width - picture.width - margin),
        keep=keep,
        add=words,
    )


def _draw(text: str, plate_height: int) -> Image.Image:
    """The words in white on black, with half a line of air at either side."""
    font = ImageFont.load_default(size=plate_height * 0.62)
    left, top, right, bottom = font.getbbox(text)
    air = plate_height // 2
    picture = Image.new("L", (int(right - left) + 2 * air, plate_height), 0)
    place = (air - left, (plate_height - (bottom - top)) / 2 - top)
    ImageDraw.Draw(picture).text(place, text, fill=255, font=font)
    return picture
