"""The picture guard as a sense: it looks at one frame in two seconds, for every other sense is quicker by far."""

import numpy as np
from numpy.typing import NDArray

from moderation.gate.check import cause_of
from moderation.gate.guards import PictureReview
from moderation.gate.subjects import FrameHit, Observed

GUARD_EVERY_S = 1.9
"""Seconds from one look to the next; the decoder hands out two frames a second, and each cut."""
NOT_ASKED = "not_observed"


class GuardWatcher:
    """Asks the guard about a frame, if there is a guard and it is time."""

    def __init__(self, guard: PictureReview | None) -> None:
        self._guard = guard
        self._seen: list[FrameHit] = []
        self._due_s = float("-inf")
        self._cause = "" if guard else NOT_ASKED

    @property
    def asked(self) -> bool:
        """Whether there is a guard to ask."""
        return self._guard is not None

    def look(self, time_s: float, rgb: NDArray[np.uint8]) -> None:
        """Look at one frame; after a failure look no more."""
        if self._guard is None or self._cause or time_s < self._due_s:
            return
        self._due_s = time_s + GUARD_EVERY_S
        try:
            self._seen += [
                FrameHit(round(time_s, 3), hit.category.value, round(hit.score, 4), hit.label)
                for hit in self._guard.hits(rgb)
            ]
        except Exception as error:
            self._cause = cause_of(error)

    def observed(self) -> Observed[tuple[FrameHit, ...]]:
        """What the guard saw, in order of time, or why it saw nothing."""
        return Observed(cause=self._cause) if self._cause else Observed(tuple(self._seen))
