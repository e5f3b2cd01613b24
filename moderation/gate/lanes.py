"""Senses side by side: each looks at the frames in order on a thread of its own, while the decoder is some frames ahead.

The nets work outside Python's lock, so two cores look at twice the frames. What a sense sees does not depend on the others, nor
on how fast they are. Memory is bounded: a decoder that is `ahead` of the slowest sense waits for it.
"""

import contextvars
import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Look = Callable[[float, Frame], None]

AHEAD = 16
"""Frames that may wait for a sense: 25 MB of a decoder that hands out 960 x 540."""


class Lanes:
    """A context manager around the time in which frames come; when its block ends, every sense has looked at all of them.

    What a sense raises ends its lane and is raised when the block ends. A block that ends by an error waits for nobody but the
    looks that are under way.
    """

    def __init__(self, looks: Sequence[Look], *, ahead: int = AHEAD) -> None:
        self._lanes = [_Lane(look, ahead) for look in looks]

    def look(self, time_s: float, rgb: Frame) -> None:
        """Let every sense look at the frame uint8[h, w, 3], which nobody may change; waits while one is too far behind."""
        for lane in self._lanes:
            lane.put((time_s, rgb))

    def __enter__(self) -> Self:
        for lane in self._lanes:
            lane.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes:
            lane.end(at_once=kind is not None)
        for lane in self._lanes:
            lane.join()
        failed = next((lane.failure for lane in self._lanes if lane.failure), None)
        if failed is not None and kind is None:
            raise failed


class _Lane:
    """One sense. After a failure it takes frames as before, and looks at none."""

    def __init__(self, look: Look, ahead: int) -> None:
        self._look = look
        self._frames: queue.Queue[tuple[float, Frame] | None] = queue.Queue(ahead)
        self._stopped = threading.Event()
        self.failure: BaseException | None = None
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._work,), name="sense", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, frame: tuple[float, Frame]) -> None:
        self._frames.put(frame)

    def end(self, *, at_once: bool) -> None:
        """No more frames come; `at_once`: and those that wait are not looked at."""
        if at_once:
            self._stopped.set()
        self._frames.put(None)

    def join(self) -> None:
        self._thread.join()

    def _work(self) -> None:
        while (frame := self._frames.get()) is not None:
            if self._stopped.is_set():
                continue
            try:
                self._look(*frame)
            except BaseException as error:
                self.failure = error
                self._stopped.set()
