"""What a line of text says: PP-OCRv6's recogniser, which reads the line as one strip from left to right.

Each line is read alone, padded no further than it is long: what stands beside it in the picture changes nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from policies.vision.text_detection import Floats, Frame, TextLine

HEIGHT = 48
NARROWEST, WIDEST = 48, 2048
"""Pixels of a strip's width; a longer line is squeezed, which costs it legibility."""
STEP = 32
"""Strips are padded to a multiple of this, so that the runtime plans memory for few shapes."""
UPRIGHT = 1.5
"""A strip this much higher than wide holds a line that runs upwards: it is turned."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a line, and how sure the net is of its characters: their mean probability in [0, 1]."""

    text: str
    score: float


class TextRecogniser:
    """Reads lines. The characters it knows are listed in the model file itself."""

    def __init__(self, session: Any) -> None:
        listed = session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._session = session
        self._characters = ("", *listed, " ")

    def read(self, frame: Frame, line: TextLine) -> Reading:
        """What stands in the rectangle of an RGB picture uint8[h, w, 3]."""
        blob = strip_of(cut(frame, line.corners))
        found = self._session.run(None, {self._session.get_inputs()[0].name: blob})[0][0]
        return decode(found, self._characters)


def cut(frame: Frame, corners: Floats) -> Frame:
    """The rectangle as an upright picture of its own, uint8[h, w, 3]."""
    width = max(1, int(max(_length(corners, 0, 1), _length(corners, 3, 2))))
    height = max(1, int(max(_length(corners, 0, 3), _length(corners, 1, 2))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    crop = cv2.warpPerspective(
        frame, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    turned = np.rot90(crop) if height / width >= UPRIGHT else crop
    return np.ascontiguousarray(turned, np.uint8)


def _length(corners: Floats, first: int, second: int) -> float:
    return float(np.linalg.norm(corners[first] - corners[second]))


def strip_of(crop: Frame) -> npt.NDArray[np.float32]:
    """float32[1, 3, 48, w] in BGR, -1 to 1, with zeros behind the line."""
    height, width = crop.shape[:2]
    wanted = min(WIDEST, max(NARROWEST, math.ceil(HEIGHT * width / height)))
    resized = cv2.resize(crop, (wanted, HEIGHT))[:, :, ::-1].astype(np.float32) / 255.0
    strip = np.zeros((1, 3, HEIGHT, -(-wanted // STEP) * STEP), np.float32)
    strip[0, :, :, :wanted] = ((resized - 0.5) / 0.5).transpose(2, 0, 1)
    return strip


def decode(found: npt.NDArray[np.float32], characters: tuple[str, ...]) -> Reading:
    """Connectionist temporal classification, greedily: float32[steps, classes], of which 0 is the blank."""
    best, sure = found.argmax(axis=1), found.max(axis=1)
    changed = np.concatenate([[True], best[1:] != best[:-1]])
    kept = changed & (best != 0)
    text = "".join(characters[number] for number in best[kept])
    return Reading(text, float(sure[kept].mean()) if text else 0.0)
