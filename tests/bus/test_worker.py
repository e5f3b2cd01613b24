"""A worker process: its loops run, restart when they fail, and drain on SIGTERM."""

import os
import signal
import threading
from collections.abc import Callable
from time import monotonic, sleep

import pytest

from moderation.bus.worker import Periodic, Worker
from tests.support.bus import until


class Task:
    """A loop made of a function."""

    def __init__(self, run: Callable[[threading.Event], None], name: str = "task") -> None:
        self.name = name
        self._run = run

    def run(self, stop: threading.Event) -> None:
        self._run(stop)


def test_loops_run_until_stopped_and_finish_what_they_hold() -> None:
    finished: list[str] = []

    def loop(stop: threading.Event) -> None:
        stop.wait()
        sleep(0.1)
        finished.append("done")

    worker = Worker([Task(loop), Task(loop)])
    worker.start()
    assert worker.drain()
    assert finished == ["done", "done"]


def test_sigterm_drains_the_worker() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    finished: list[str] = []

    def loop(stop: threading.Event) -> None:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        stop.wait()
        finished.append("returned what it held")

    try:
        assert Worker([Task(loop)]).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert finished == ["returned what it held"]


def test_a_loop_that_fails_is_named_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.bus.worker.RESTART_S", 0.05)
    runs: list[int] = []

    def loop(stop: threading.Event) -> None:
        runs.append(1)
        if len(runs) < 3:
            raise RuntimeError("lost the database")
        stop.wait()

    worker = Worker([Task(loop, "consumer:gate")])
    worker.start()
    assert until(lambda: worker.problems() == {"consumer:gate": "RuntimeError"}, 5)
    assert until(lambda: len(runs) == 3, 5)
    assert worker.drain()


def test_a_straggler_does_not_hold_the_process_for_ever() -> None:
    forever = threading.Event()

    def deaf(stop: threading.Event) -> None:
        forever.wait()

    worker = Worker([Task(deaf)], grace_s=0.1)
    worker.start()
    began = monotonic()
    assert not worker.drain()
    assert monotonic() - began < 5
    forever.set()


def test_periodic_work_runs_at_once_and_again_and_survives_its_errors() -> None:
    calls: list[int] = []

    def action() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("once")

    task = Periodic("sweep", 0.02, action)
    worker = Worker([task])
    worker.start()
    assert until(lambda: len(calls) >= 4, 5)
    assert worker.problems() == {}
    assert worker.drain()


def test_periodic_work_that_keeps_failing_is_a_problem_of_the_worker() -> None:
    def action() -> None:
        raise ValueError("still")

    worker = Worker([Periodic("seal", 0.02, action)])
    worker.start()
    assert until(lambda: worker.problems() == {"seal": "ValueError"}, 5)
    assert worker.drain()
