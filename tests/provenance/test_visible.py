"""The visible label: legible at every size, in its corner only, the same each time, and cheap."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from provenance.marks.visible import Frame, PlainLabel, VisibleMark


def plain(height: int, width: int, value: int) -> Frame:
    return np.full((height, width, 3), value, dtype=np.uint8)


def changed(before: Frame, after: Frame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, columns = np.nonzero((before != after).any(axis=2))
    return rows, columns


def luma(frame: Frame) -> NDArray[np.float64]:
    weighted: NDArray[np.float64] = frame @ np.array([0.2126, 0.7152, 0.0722])
    return weighted


def contrast(frame: Frame) -> float:
    """The ratio of the brightest to the darkest of these pixels, as WCAG 2.2 defines contrast."""
    linear = (luma(frame) / 255) ** 2.2
    return float((linear.max() + 0.05) / (linear.min() + 0.05))


@pytest.mark.parametrize("value", [0, 128, 255])
def test_the_words_stand_out_on_dark_grey_and_white(value: int) -> None:
    frame = plain(720, 1280, value)
    marked = PlainLabel().apply(frame.copy(), 0.0)
    rows, columns = changed(frame, marked)
    assert contrast(marked[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]) >= 4.5


def test_the_words_stand_out_on_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    marked = PlainLabel().apply(noise.copy(), 0.0)
    rows, columns = changed(noise, marked)
    plate = marked[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (luma(plate) > 240).mean() > 0.03
    assert (luma(plate) < 90).mean() > 0.5


def test_only_the_lower_right_corner_changes() -> None:
    frame = plain(720, 1280, 200)
    marked = PlainLabel().apply(frame.copy(), 0.0)
    rows, columns = changed(frame, marked)
    assert rows.min() > 720 * 0.9
    assert columns.min() > 1280 * 0.75
    assert rows.max() < 720 - 8
    assert columns.max() < 1280 - 8


def test_the_label_grows_with_the_picture() -> None:
    def height_of(height: int, width: int) -> int:
        frame = plain(height, width, 200)
        rows, _ = changed(frame, PlainLabel().apply(frame.copy(), 0.0))
        return int(rows.max() - rows.min() + 1)

    assert height_of(720, 1280) == pytest.approx(30, abs=2)
    assert height_of(1080, 1920) == pytest.approx(45, abs=2)
    assert height_of(1280, 720) == pytest.approx(53, abs=2)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 200), width=st.integers(1, 200))
def test_frames_of_any_size_are_labelled_without_error(height: int, width: int) -> None:
    frame = plain(height, width, 200)
    marked = PlainLabel().apply(frame.copy(), 0.0)
    assert marked.shape == frame.shape
    assert marked.dtype == np.uint8
    assert (marked != frame).any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), at=st.floats(0, 1000))
def test_the_same_frame_gets_the_same_label_at_any_time(seed: int, at: float) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    label = PlainLabel()
    first = label.apply(frame.copy(), 0.0)
    np.testing.assert_array_equal(first, label.apply(frame.copy(), at))


def test_no_pixel_wraps_around() -> None:
    white, black = plain(720, 1280, 255), plain(720, 1280, 0)
    bright = PlainLabel().apply(white.copy(), 0.0).astype(int)
    dark = PlainLabel().apply(black.copy(), 0.0).astype(int)
    assert (bright >= dark).all()


def test_a_frame_that_may_be_written_is_drawn_into() -> None:
    frame = plain(90, 160, 200)
    assert PlainLabel().apply(frame, 0.0) is frame


def test_a_read_only_frame_is_copied() -> None:
    frame = plain(90, 160, 200)
    frame.flags.writeable = False
    marked = PlainLabel().apply(frame, 0.0)
    assert (frame == 200).all()
    assert (marked != frame).any()


def test_the_revision_follows_the_words() -> None:
    label: VisibleMark = PlainLabel()
    assert label.revision.startswith("plain-label:")
    assert label.revision == PlainLabel().revision
    assert label.revision != PlainLabel("KI-generiert").revision


def test_another_text_is_drawn() -> None:
    frame = plain(720, 1280, 200)
    assert (
        PlainLabel().apply(frame.copy(), 0) != PlainLabel("AI video, made up").apply(frame.copy(), 0)
    ).any()


@pytest.mark.bench
def test_a_720p_frame_costs_at_most_half_a_millisecond() -> None:
    label, frame = PlainLabel(), plain(720, 1280, 100)
    label.apply(frame, 0.0)
    spent = []
    for _ in range(200):
        started = time.perf_counter()
        label.apply(frame, 0.0)
        spent.append(time.perf_counter() - started)
    print(f"plain label at 720p: median {sorted(spent)[100] * 1e3:.3f} ms")
    assert sorted(spent)[100] < 0.5e-3
