"""The text in a picture: find the lines, read them, and keep what the reader is sure of.

A net reads letters into brickwork and foliage; those readings are short or unsure (`MIN_SCORE`, `MIN_LENGTH`), and are dropped.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from policies.onnx_session import ERRORS_ONLY, open_session
from policies.vision.text_detection import Frame, TextDetector, TextLine
from policies.vision.text_recognition import TextRecogniser

MIN_SCORE, MIN_LENGTH = 0.8, 3
"""Below either a reading is dropped. `python -m policies.vision.measure_text` shows what each costs."""
MAX_SIDE, FINE_SIDE = 640, 960
"""Pixels in which a frame of a clip, and a picture of its own, are searched for text."""
MAX_LINES = 150
"""A picture with more lines is a page: it is said to be too much, and never read in part only."""
FILES = ("detection.onnx", "recognition.onnx")


@dataclass(frozen=True, slots=True)
class SeenText:
    """A line of text; the edges of its box are fractions of the picture in [0, 1]; `score` in [0, 1]."""

    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


class TooMuchText(Exception):
    """The picture holds more lines than are read: it could not be judged."""

    code = "text.too_much"


class FrameTextReader:
    """Reads pictures with the two networks in `folder`, loaded when first needed. Threads share it; each call uses one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._nets: tuple[TextDetector, TextRecogniser] | None = None

    def read(self, frame: Frame, *, max_side: int = MAX_SIDE) -> tuple[SeenText, ...]:
        """The text of an RGB picture uint8[h, w, 3], line by line from above.

        Raises `TooMuchText`, ValueError for another shape or type, FileNotFoundError when a model is missing.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
            raise ValueError(f"frame must be uint8[h, w, 3], got {frame.dtype}{list(frame.shape)}")
        detector, recogniser = self._loaded()
        lines = detector.lines(frame, max_side)
        if len(lines) > MAX_LINES:
            raise TooMuchText(f"{len(lines)} lines of text; {MAX_LINES} are read at most")
        read = ((line, recogniser.read(frame, line)) for line in lines)
        return tuple(
            _seen(line, reading.text.strip(), reading.score, frame)
            for line, reading in read
            if reading.score >= MIN_SCORE and len(reading.text.strip()) >= MIN_LENGTH
        )

    def _loaded(self) -> tuple[TextDetector, TextRecogniser]:
        with self._lock:
            if self._nets is None:
                detection, recognition = (
                    open_session(self._folder / name, "text in frames", severity=ERRORS_ONLY)
                    for name in FILES
                )
                self._nets = TextDetector(detection), TextRecogniser(recognition)
            return self._nets


def _seen(line: TextLine, text: str, score: float, frame: Frame) -> SeenText:
    height, width = frame.shape[:2]
    (left, top), (right, bottom) = line.corners.min(axis=0), line.corners.max(axis=0)
    edges = (left / width, top / height, right / width, bottom / height)
    return SeenText(text, min(1.0, score), *(round(min(1.0, max(0.0, float(edge))), 4) for edge in edges))
