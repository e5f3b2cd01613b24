"""Where text stands in a picture: PP-OCRv6's detector, a net that gives each pixel the probability of lying inside a line.

Decoding follows "Real-time Scene Text Detection with Differentiable Binarization" (Liao et al., 2020) with the constants of
rapidocr 3.10.0, which publishes the weights: the smallest rectangle round each region, grown by what training had shrunk it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

ALIGNED_TO = 32
INSIDE, LINE = 0.3, 0.5
"""Probability from which a pixel lies inside a line, and mean probability from which a rectangle is one."""
GROWTH = 1.6
"""A rectangle grows on each side by this much of its area over its perimeter."""
SMALLEST_PX = 3
CANDIDATES = 1000
SAME_ROW_PX = 10

Frame = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TextLine:
    """A rectangle, float32[4, 2]: corners (x, y) in pixels of the picture, clockwise from the upper left of the text."""

    corners: Floats


class TextDetector:
    """Finds lines of text."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def lines(self, frame: Frame, max_side: int) -> tuple[TextLine, ...]:
        """The lines in an RGB picture uint8[h, w, 3], looked at in at most `max_side` pixels, in the order they are read: from
        above, in a row from the left."""
        height, width = frame.shape[:2]
        in_height, in_width = input_size(height, width, max_side)
        small = cv2.resize(frame, (in_width, in_height), interpolation=cv2.INTER_AREA)
        blob = (small[:, :, ::-1].astype(np.float32) / 255.0 - 0.5) / 0.5  # the net was trained on BGR
        blob = np.ascontiguousarray(blob.transpose(2, 0, 1)[None])
        inside = self._session.run(None, {self._session.get_inputs()[0].name: blob})[0][0, 0]
        scale = np.array([width / in_width, height / in_height], np.float32)
        edge = np.array([width - 1, height - 1], np.float32)
        return in_order([TextLine(np.clip(box * scale, 0, edge)) for box in rectangles(inside)])


def input_size(height: int, width: int, max_side: int) -> tuple[int, int]:
    """Height and width for the net: at most `max_side`, each rounded to a multiple of 32."""
    scale = min(1.0, max_side / max(height, width))
    rounded = [max(1, round(side * scale / ALIGNED_TO)) * ALIGNED_TO for side in (height, width)]
    return rounded[0], rounded[1]


def rectangles(inside: Floats) -> Iterator[Floats]:
    """The grown rectangles, each float32[4, 2] in pixels of the net's map float32[h, w]."""
    mask = cv2.dilate((inside > INSIDE).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours[:CANDIDATES]:
        centre, size, angle = cv2.minAreaRect(contour)
        if min(size) < SMALLEST_PX or _mean_inside(inside, cv2.boxPoints((centre, size, angle))) < LINE:
            continue
        more = 2 * GROWTH * size[0] * size[1] / (2 * (size[0] + size[1]))
        grown = (size[0] + more, size[1] + more)
        if min(grown) >= SMALLEST_PX + 2:
            yield clockwise(np.asarray(cv2.boxPoints((centre, grown, angle)), np.float32))


def _mean_inside(inside: Floats, corners: npt.NDArray[Any]) -> float:
    height, width = inside.shape
    low = np.clip(np.floor(corners.min(axis=0)), 0, [width - 1, height - 1]).astype(np.int32)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, [width - 1, height - 1]).astype(np.int32)
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - low).astype(np.int32)], 1)
    return float(cv2.mean(inside[low[1] : high[1] + 1, low[0] : high[0] + 1], mask)[0])


def clockwise(corners: Floats) -> Floats:
    """float32[4, 2] from the upper left on, clockwise as seen."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def in_order(lines: list[TextLine]) -> tuple[TextLine, ...]:
    """From above; lines whose tops lie within `SAME_ROW_PX` of the one before are a row, read from the left."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda one: (float(one.corners[0, 1]), float(one.corners[0, 0]))):
        if rows and float(line.corners[0, 1] - rows[-1][-1].corners[0, 1]) < SAME_ROW_PX:
            rows[-1].append(line)
        else:
            rows.append([line])
    return tuple(line for row in rows for line in sorted(row, key=lambda one: float(one.corners[0, 0])))
