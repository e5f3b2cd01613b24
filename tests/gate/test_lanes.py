"""Senses on their own threads: each sees every frame in order, the decoder is held back, and a failure is nobody's allow."""

import threading

import numpy as np
import pytest

from moderation.gate.lanes import Frame, Lanes
from tests.support.bus import until

BLACK = np.zeros((2, 2, 3), np.uint8)


class Sense:
    """Writes down what it saw; waits for `go` before each look."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.go = threading.Event()
        self.go.set()

    def look(self, time_s: float, rgb: Frame) -> None:
        assert self.go.wait(30)
        self.seen.append(time_s)


def test_every_sense_sees_every_frame_in_order() -> None:
    senses = [Sense() for _ in range(4)]
    with Lanes([sense.look for sense in senses], ahead=2) as lanes:
        for time_s in range(100):
            lanes.look(time_s, BLACK)
    assert [sense.seen for sense in senses] == [list(range(100))] * 4


def test_the_decoder_is_no_more_than_the_allowed_frames_ahead() -> None:
    slow, put = Sense(), []
    slow.go.clear()

    def decode(lanes: Lanes) -> None:
        for time_s in range(10):
            lanes.look(time_s, BLACK)
            put.append(time_s)

    with Lanes([slow.look], ahead=3) as lanes:
        decoder = threading.Thread(target=decode, args=(lanes,))
        decoder.start()
        assert until(lambda: len(put) >= 4)
        assert not until(lambda: len(put) > 4, within_s=0.2)  # one is looked at, three wait
        slow.go.set()
        decoder.join()
    assert slow.seen == list(range(10))


def test_one_sense_does_not_wait_for_another() -> None:
    slow, quick = Sense(), Sense()
    slow.go.clear()
    with Lanes([slow.look, quick.look]) as lanes:
        lanes.look(0.0, BLACK)
        assert until(lambda: quick.seen == [0.0])
        assert slow.seen == []
        slow.go.set()


def test_what_a_sense_raises_is_raised_at_the_end_and_holds_nobody_up() -> None:
    sense = Sense()

    def fail(_time_s: float, _rgb: Frame) -> None:
        raise RuntimeError("no eyes")

    def decode() -> None:
        with Lanes([fail, sense.look], ahead=1) as lanes:
            for time_s in range(20):
                lanes.look(time_s, BLACK)

    with pytest.raises(RuntimeError, match="no eyes"):
        decode()
    assert sense.seen == list(range(20))


def test_an_error_of_the_decoder_is_the_one_that_is_raised_and_frames_that_wait_are_dropped() -> None:
    slow = Sense()
    slow.go.clear()

    def decode(lanes: Lanes) -> None:
        for time_s in range(5):
            lanes.look(time_s, BLACK)
        threading.Timer(0.05, slow.go.set).start()
        raise ValueError("cut short")

    with pytest.raises(ValueError, match="cut short"), Lanes([slow.look]) as lanes:
        decode(lanes)
    assert len(slow.seen) <= 1


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    for _ in range(5):
        with Lanes([Sense().look, Sense().look]) as lanes:
            lanes.look(0.0, BLACK)
    assert threading.active_count() == before
