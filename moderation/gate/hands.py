"""The threads that checks run on. One that is given up on is replaced, so that a check that hangs takes no other check's turn.

Python cannot end a thread: the lost one goes on until its check returns, and then ends. A check that loses threads faster than
they come back is refused new ones (`TooManyLost`), so that no check can fill a process with them.
"""

import queue
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from time import monotonic
from typing import Final

MOST_LOST: Final = 8
"""Threads that one check may have lost and not given back."""


class TooManyLost(Exception):
    """The check hangs on so many threads already that it gets no more."""


class Step(Enum):
    """Where a task stands. Only one that is `WORKING` takes its thread along when it is `LOST`."""

    WAITING = 1
    WORKING = 2
    ENDED = 3
    CANCELLED = 4
    LOST = 5


class Task:
    """A piece of work on its way."""

    def __init__(self, owner: str, work: Callable[[], object]) -> None:
        self.owner = owner
        self._work = work
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._step = Step.WAITING

    def wait(self, until: float) -> bool:
        """Whether it was done by `until`, a reading of `monotonic`."""
        return self._done.wait(max(0.0, until - monotonic()))

    def perform(self) -> bool:
        """Do it, on this thread; whether the thread is still wanted afterwards."""
        if not self._becomes(Step.WORKING, Step.WAITING):
            return True
        with suppress(Exception):  # who waits finds nothing done
            self._work()
        wanted = self._becomes(Step.ENDED, Step.WORKING)
        self._done.set()
        return wanted

    def abandon(self) -> bool:
        """Say that nobody waits any more; whether a thread is lost with it."""
        return not self._becomes(Step.CANCELLED, Step.WAITING) and self._becomes(Step.LOST, Step.WORKING)

    def _becomes(self, step: Step, only_from: Step) -> bool:
        with self._lock:
            if self._step is not only_from:
                return False
            self._step = step
            return True


class Hands:
    """`threads` threads at work, however many hang."""

    def __init__(self, threads: int) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._lost: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._wanted, self._running, self._closed = threads, 0, False

    def start(self, owner: str, work: Callable[[], object]) -> Task:
        """Begin `work` as soon as a thread is free; what it raises is lost. Raises `TooManyLost`."""
        task = Task(owner, work)
        with self._lock:
            if self._lost[owner] >= MOST_LOST:
                raise TooManyLost(owner)
            if self._running < self._wanted:
                self._hire()
        self._tasks.put(task)
        return task

    def give_up(self, task: Task) -> None:
        """Wait no longer for `task`: its thread is replaced, if it has one, and its result is nobody's."""
        if task.abandon():
            with self._lock:
                self._lost[task.owner] += 1
                if not self._closed:
                    self._hire()

    def close(self) -> None:
        """Let idle threads end; what hangs is abandoned."""
        with self._lock:
            self._closed = True
        for _ in range(self._running):
            self._tasks.put(None)

    def _hire(self) -> None:
        self._running += 1
        threading.Thread(target=self._work, name=f"check-{self._running}", daemon=True).start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if not task.perform():
                with self._lock:
                    self._lost[task.owner] -= 1
                    self._running -= 1
                return
