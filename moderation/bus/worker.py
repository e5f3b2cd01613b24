"""Runs the loops of one process as threads: consumers, job pools, the relay, periodic work. SIGTERM drains them.

A loop that raises is started again after a pause and named by `problems`, so that `/health` tells; it never ends silently.
"""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from types import FrameType
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)
RESTART_S = 1.0


class Loop(Protocol):
    """Something that works until `stop` is set, then finishes or returns what it holds."""

    @property
    def name(self) -> str: ...

    def run(self, stop: threading.Event) -> None: ...


class Periodic:
    """Calls `action` every `every_s` seconds, first at once. An error is logged and named in `problem`; the next call follows."""

    def __init__(self, name: str, every_s: float, action: Callable[[], object]) -> None:
        self.name = name
        self._every_s = every_s
        self._action = action
        self.problem: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            try:
                self._action()
                self.problem = None
            except Exception as error:
                self.problem = type(error).__name__
                log.warning("periodic_failed", loop=self.name, error=self.problem)
            stop.wait(self._every_s)


class Worker:
    """The loops of one process. `grace_s`: how long a drain may take before `run` returns without the stragglers, whose
    leases run out by themselves."""

    def __init__(self, loops: Sequence[Loop], *, grace_s: float = 30.0) -> None:
        self._loops = tuple(loops)
        self._grace_s = grace_s
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._problems: dict[str, str] = {}

    def run(self) -> bool:
        """Start, wait for SIGTERM, SIGINT or `stop`, drain; True when everything was finished or given back. Main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self.start()
        while not self._stop.wait(0.5):
            pass
        return self.drain()

    def start(self) -> None:
        """Start the threads; for a caller that has a main loop of its own."""
        self._threads = [
            threading.Thread(target=self._keep, args=(loop,), name=loop.name, daemon=True)
            for loop in self._loops
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask every loop to end."""
        self._stop.set()

    def drain(self) -> bool:
        """Ask every loop to end and wait; True when all did in time."""
        self.stop()
        deadline = monotonic() + self._grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        late = [thread.name for thread in self._threads if thread.is_alive()]
        if late:
            log.error("drain_incomplete", loops=late)
        return not late

    def problems(self) -> Mapping[str, str]:
        """The loops that failed and have not yet recovered, with the class of the error."""
        told = {loop.name: getattr(loop, "problem", None) for loop in self._loops}
        return {**self._problems, **{name: str(problem) for name, problem in told.items() if problem}}

    def _keep(self, loop: Loop) -> None:
        while not self._stop.is_set():
            began = monotonic()
            try:
                loop.run(self._stop)
            except Exception as error:
                log.error("loop_failed", loop=loop.name, error=type(error).__name__)
                self._problems[loop.name] = type(error).__name__
            else:
                self._problems.pop(loop.name, None)
            self._stop.wait(RESTART_S if monotonic() - began < RESTART_S else 0)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()
