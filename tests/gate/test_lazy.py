"""A model is loaded once for all threads, and a failure is tried again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from moderation.gate.lazy import Lazy


def test_nothing_is_loaded_before_it_is_needed() -> None:
    loads: list[int] = []
    lazy = Lazy(lambda: loads.append(1) or "model")  # type: ignore[func-returns-value]  # append returns None, which is false
    assert (lazy.loaded, loads) == (False, [])
    assert (lazy.get(), lazy.get(), lazy.loaded, loads) == ("model", "model", True, [1])


def test_threads_that_ask_together_share_one_loading() -> None:
    loads: list[int] = []
    together = threading.Barrier(4)

    def load() -> object:
        loads.append(1)
        time.sleep(0.02)
        return object()

    lazy = Lazy(load)

    def ask() -> object:
        together.wait()
        return lazy.get()

    with ThreadPoolExecutor(4) as pool:
        got = [future.result() for future in [pool.submit(ask) for _ in range(4)]]
    assert loads == [1]
    assert len({id(one) for one in got}) == 1


def test_a_failed_loading_reaches_the_caller_and_is_tried_again() -> None:
    answers: list[Exception | str] = [FileNotFoundError("not fetched yet"), "model"]

    def load() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lazy = Lazy(load)
    with pytest.raises(FileNotFoundError):
        lazy.get()
    assert not lazy.loaded
    assert lazy.get() == "model"
