"""Stopping a pipeline in the middle: at the end of a step, and between the blocks of its models.

One step of a large model takes seconds, and decoding the frames as long again, so a look between two steps is not enough.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moderation.generation.generators.port import Cancelled, GenerationCancelled, Progress

LOOK_EVERY_S = 0.05
REPORTS = 20
STEPS_SHARE = 0.9
"""The share of the progress that the steps make up; the rest is decoding the frames and writing them."""


class Run:
    """One run of a pipeline, watched. `step` is the pipeline's callback at the end of each step; `raised` is what the caller's
    own functions raised, cancelling included."""

    def __init__(self, progress: Progress, cancelled: Cancelled) -> None:
        self._progress, self._cancelled = progress, cancelled
        self.raised: BaseException | None = None
        self._looked = 0.0
        self._told = 0

    def check(self) -> None:
        """Look whether to go on, at most every `LOOK_EVERY_S`. Raises `GenerationCancelled`."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY_S:
            self._looked = now
            self._ask()

    def step(self, pipeline: Any, index: int, _timestep: object, tensors: dict[str, Any]) -> dict[str, Any]:
        """Say how far it is, and stop if it is not wanted. The pipeline's own flag would only skip the steps left, and then
        decode all frames; raising ends it here."""
        try:
            self._ask()
        except BaseException:
            pipeline._interrupt = True
            raise
        total = max(int(getattr(pipeline, "num_timesteps", None) or 0), index + 1)
        told = (index + 1) * REPORTS // total
        if told > self._told:
            self._told = told
            with self._noting():
                self._progress(STEPS_SHARE * (index + 1) / total)
        return tensors

    def _ask(self) -> None:
        with self._noting():
            if self._cancelled():
                raise GenerationCancelled

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """What the caller's own functions raise is the caller's, and no failure of the pipeline."""
        try:
            yield
        except BaseException as error:
            self.raised = error
            raise
