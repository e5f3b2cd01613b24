"""The senses that need not see every frame: what fills a picture, once a second, and the text in it, where there may be some.

Reading costs as much as all other looks at a frame, so frames of a clip are chosen (`policies.vision.text_worth`).
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moderation.gate.check import cause_of
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import FrameLook, FrameText, Observed
from policies.vision.text_worth import WorthReading

LOOK_EVERY_S = 0.9
"""Seconds from one look at what fills the frame to the next; the decoder hands out two frames a second, and each cut."""
SIDE, FINE_SIDE = 640, 960
"""Pixels in which a frame, and a picture of its own, are searched for text (`policies.vision.frame_text`)."""

Frame = NDArray[np.uint8]


class Line(Protocol):
    """A line of text as the reader gives it: edges are fractions of the picture."""

    @property
    def text(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def left(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def bottom(self) -> float: ...


class ReadsText(Protocol):
    """Reads pictures."""

    def read(self, frame: Frame, *, max_side: int) -> Sequence[Line]:
        """The lines of text in uint8[h, w, 3] RGB, from above."""


class Look(Protocol):
    """What fills a picture."""

    @property
    def firearm(self) -> float: ...
    @property
    def label(self) -> str: ...


class NamesPictures(Protocol):
    """Says what fills a picture."""

    def look(self, frame: Frame) -> Look:
        """Of uint8[h, w, 3] RGB."""


class LookWatcher:
    """Asks what fills a frame, about once a second."""

    def __init__(self, model: Lazy[NamesPictures]) -> None:
        self._model = model
        self._seen: list[FrameLook] = []
        self._due_s = float("-inf")
        self._cause = ""

    def look(self, time_s: float, rgb: Frame) -> None:
        """Look at one frame, if it is time; after a failure look no more."""
        if self._cause or time_s < self._due_s:
            return
        self._due_s = time_s + LOOK_EVERY_S
        try:
            found = self._model.get().look(rgb)
            labels = (found.label,) if found.label else ()
            self._seen.append(FrameLook(round(time_s, 3), _share(found.firearm), labels))
        except Exception as error:
            self._cause = cause_of(error)

    def observed(self) -> Observed[tuple[FrameLook, ...]]:
        """What was seen, in order of time, or why nothing was."""
        return Observed(cause=self._cause) if self._cause else Observed(tuple(self._seen))


class TextWatcher:
    """Reads the frames of a clip that are worth it, or a still in full."""

    def __init__(self, model: Lazy[ReadsText], *, still: bool) -> None:
        self._model = model
        self._still = still
        self._worth = WorthReading()
        self._seen: list[FrameText] = []
        self._cause = ""

    def look(self, time_s: float, rgb: Frame) -> None:
        """Read one frame, if it is worth reading; after a failure read no more."""
        if self._cause:
            return
        try:
            if self._still or self._worth.take(time_s, rgb):
                lines = self._model.get().read(rgb, max_side=FINE_SIDE if self._still else SIDE)
                self._seen += [_line(time_s, line) for line in lines]
        except Exception as error:
            self._cause = cause_of(error)

    def observed(self) -> Observed[tuple[FrameText, ...]]:
        """What was read, in order of time, or why nothing was."""
        return Observed(cause=self._cause) if self._cause else Observed(tuple(self._seen))


def _line(time_s: float, line: Line) -> FrameText:
    edges = (_share(edge) for edge in (line.left, line.top, line.right, line.bottom))
    return FrameText(round(time_s, 3), line.text, _share(line.score), *edges)


def _share(value: float) -> float:
    """Raises `ValueError` for what is no share: compared with others, a NaN would lose, and the frame pass unseen."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"the model answered {value}")
    return round(float(value), 4)
