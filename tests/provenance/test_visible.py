"""The visible label: legible at every size, in its corner only, the same each time, and cheap."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from provenance.marks.visible import PlainLabel, Planes, VisibleMark

Frame = NDArray[np.uint8]
# ITU-R BT.709 from R'G'B' in [0, 1] to Y'PbPr.
_TO_YUV = np.array(
    [
        [0.2126, 0.7152, 0.0722],
        [-0.2126 / 1.8556, -0.7152 / 1.8556, 0.5],
        [0.5, -0.7152 / 1.5748, -0.0722 / 1.5748],
    ]
)


def planes_of(frame: Frame) -> Planes:
    """uint8[h, w, 3] RGB as planes in limited range, colour averaged over four pixels; even sides."""
    y, u, v = np.moveaxis(frame / 255 @ _TO_YUV.T, 2, 0)
    half = (frame.shape[0] // 2, 2, frame.shape[1] // 2, 2)
    colour = [np.rint(128 + 224 * plane.reshape(half).mean(axis=(1, 3))).astype(np.uint8) for plane in (u, v)]
    return np.rint(16 + 219 * y).astype(np.uint8), colour[0], colour[1]


def shown(planes: Planes) -> Frame:
    """Planes as RGB, as a player shows them."""
    colour = [(plane.repeat(2, 0).repeat(2, 1) - 128.0) / 224 for plane in planes[1:]]
    yuv = np.stack([(planes[0] - 16.0) / 219, *colour], axis=2)
    rgb = np.clip(yuv @ np.linalg.inv(_TO_YUV).T, 0, 1)
    return np.asarray(np.rint(rgb * 255), dtype=np.uint8)


def labelled(frame: Frame, label: VisibleMark | None = None, time_s: float = 0.0) -> Frame:
    """The frame with the label, in RGB."""
    planes = planes_of(frame)
    (label or PlainLabel()).draw(planes, time_s)
    return shown(planes)


def plain(height: int, width: int, value: int) -> Frame:
    return np.full((height, width, 3), value, dtype=np.uint8)


def changed(before: Frame, after: Frame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, columns = np.nonzero((shown(planes_of(before)) != after).any(axis=2))
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
    marked = labelled(frame)
    rows, columns = changed(frame, marked)
    assert contrast(marked[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]) >= 4.5


def test_the_words_stand_out_on_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    marked = labelled(noise)
    rows, columns = changed(noise, marked)
    plate = marked[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (luma(plate) > 240).mean() > 0.03
    assert (luma(plate) < 90).mean() > 0.5


def test_only_the_lower_right_corner_changes() -> None:
    frame = plain(720, 1280, 200)
    marked = labelled(frame)
    rows, columns = changed(frame, marked)
    assert rows.min() > 720 * 0.9
    assert columns.min() > 1280 * 0.75
    assert rows.max() < 720 - 8
    assert columns.max() < 1280 - 8


def test_the_label_grows_with_the_picture() -> None:
    def height_of(height: int, width: int) -> int:
        frame = plain(height, width, 200)
        rows, _ = changed(frame, labelled(frame))
        return int(rows.max() - rows.min() + 1)

    assert height_of(720, 1280) == pytest.approx(30, abs=2)
    assert height_of(1080, 1920) == pytest.approx(45, abs=2)
    assert height_of(1280, 720) == pytest.approx(53, abs=2)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 100).map(lambda n: 2 * n), width=st.integers(1, 100).map(lambda n: 2 * n))
def test_frames_of_any_size_are_labelled_without_error(height: int, width: int) -> None:
    frame = plain(height, width, 200)
    marked = labelled(frame)
    assert marked.shape == frame.shape
    assert marked.dtype == np.uint8
    assert (marked != shown(planes_of(frame))).any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), at=st.floats(0, 1000))
def test_the_same_frame_gets_the_same_label_at_any_time(seed: int, at: float) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    label = PlainLabel()
    np.testing.assert_array_equal(labelled(frame, label), labelled(frame, label, at))


def test_no_pixel_wraps_around() -> None:
    white, black = plain(720, 1280, 255), plain(720, 1280, 0)
    bright = labelled(white).astype(int)
    dark = labelled(black).astype(int)
    assert (bright >= dark).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99))
def test_nothing_outside_the_plate_is_touched_in_any_plane(seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (180, 320, 3), dtype=np.uint8)
    before, after = planes_of(frame), planes_of(frame)
    PlainLabel().draw(after, 0.0)
    for old, new in zip(before, after, strict=True):
        rows, columns = np.nonzero(old != new)
        assert rows.min() > 0.75 * len(old)
        assert columns.min() > 0.5 * old.shape[1]


def test_white_words_and_the_dark_plate_have_no_colour_of_their_own() -> None:
    marked = labelled(plain(720, 1280, 128))
    assert (marked.max(axis=2).astype(int) - marked.min(axis=2) <= 3).all()


def test_brightness_stays_in_the_limited_range() -> None:
    for value in (0, 255):
        planes = planes_of(plain(720, 1280, value))
        PlainLabel().draw(planes, 0.0)
        assert planes[0].min() >= 16 - 1
        assert planes[0].max() <= 235


def test_the_revision_follows_the_words() -> None:
    label: VisibleMark = PlainLabel()
    assert label.revision.startswith("plain-label:")
    assert label.revision == PlainLabel().revision
    assert label.revision != PlainLabel("KI-generiert").revision


def test_another_text_is_drawn() -> None:
    frame = plain(720, 1280, 200)
    assert (labelled(frame) != labelled(frame, PlainLabel("AI video, made up"))).any()


@pytest.mark.bench
def test_a_720p_frame_costs_at_most_half_a_millisecond() -> None:
    label, planes = PlainLabel(), planes_of(plain(720, 1280, 100))
    label.draw(planes, 0.0)
    spent = []
    for _ in range(200):
        started = time.perf_counter()
        label.draw(planes, 0.0)
        spent.append(time.perf_counter() - started)
    print(f"plain label at 720p: median {sorted(spent)[100] * 1e3:.3f} ms")
    assert sorted(spent)[100] < 0.5e-3
