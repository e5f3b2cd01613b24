"""Decoding the detector's maps, by hand-made maps; no model is needed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from consent.biometrics.detection import decode, input_size, suppress

Floats = NDArray[np.float32]


def maps(height: int = 8, width: int = 12) -> tuple[Floats, Floats, Floats, Floats]:
    return (
        np.zeros((height, width), dtype=np.float32),
        np.zeros((2, height, width), dtype=np.float32),
        np.zeros((2, height, width), dtype=np.float32),
        np.zeros((10, height, width), dtype=np.float32),
    )


def box_list(*boxes: tuple[float, float, float, float]) -> Floats:
    return np.array(boxes, dtype=np.float32).reshape(-1, 4)


def test_empty_maps_hold_no_face() -> None:
    found = decode(*maps(), 0.5)
    assert (found.boxes.shape, found.points.shape, found.scores.shape) == ((0, 4), (0, 5, 2), (0,))


def test_a_peak_becomes_a_box_around_its_cell_with_points_relative_to_it() -> None:
    heat, size, offset, points = maps()
    heat[3, 5] = 0.9
    size[0, 3, 5], size[1, 3, 5] = np.log(4.0), np.log(2.0)  # 16 px high, 8 px wide
    offset[0, 3, 5], offset[1, 3, 5] = 0.25, -0.25
    points[0, 3, 5], points[1, 3, 5] = 0.5, 0.25  # the first point: half down, a quarter across
    found = decode(heat, size, offset, points, 0.5)
    centre_y, centre_x = (3 + 0.25 + 0.5) * 4, (5 - 0.25 + 0.5) * 4
    np.testing.assert_allclose(found.boxes, [[centre_x - 4, centre_y - 8, centre_x + 4, centre_y + 8]])
    np.testing.assert_allclose(found.points[0, 0], [centre_x - 4 + 2, centre_y - 8 + 8])
    np.testing.assert_allclose(found.points[0, 1], [centre_x - 4, centre_y - 8])
    assert found.scores.tolist() == pytest.approx([0.9])


def test_a_score_must_lie_above_the_threshold() -> None:
    heat, size, offset, points = maps()
    heat[1, 1] = 0.5
    assert decode(heat, size, offset, points, 0.5).scores.size == 0
    assert decode(heat, size, offset, points, 0.49).scores.size == 1


def test_faces_come_surest_first_and_neighbouring_cells_of_one_face_count_once() -> None:
    heat, size, offset, points = maps()
    size[:] = np.log(3.0)
    heat[1, 1], heat[1, 2], heat[6, 9] = 0.6, 0.55, 0.8
    found = decode(heat, size, offset, points, 0.5)
    assert found.scores.tolist() == pytest.approx([0.8, 0.6])


def test_boxes_that_barely_overlap_both_stay() -> None:
    boxes = box_list((0, 0, 10, 10), (6, 0, 16, 10), (20, 20, 30, 30))
    assert suppress(boxes, np.array([0.9, 0.8, 0.7], dtype=np.float32)).tolist() == [0, 1, 2]


def test_of_boxes_that_overlap_much_the_surest_stays() -> None:
    boxes = box_list((0, 0, 10, 10), (1, 0, 11, 10), (20, 20, 30, 30))
    assert suppress(boxes, np.array([0.7, 0.9, 0.8], dtype=np.float32)).tolist() == [1, 2]


def test_a_box_dropped_by_a_surer_one_drops_nobody_itself() -> None:
    boxes = box_list((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))
    assert suppress(boxes, np.array([0.9, 0.8, 0.7], dtype=np.float32), 0.3).tolist() == [0, 2]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.integers(0, 40), st.integers(1, 20), st.integers(1, 20), st.integers(1, 99)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_suppression_agrees_with_its_definition(raw: list[tuple[int, int, int, int, int]]) -> None:
    boxes = box_list(*((x, y, x + w, y + h) for x, y, w, h, _ in raw))
    scores = np.array([score / 100 for *_, score in raw], dtype=np.float32)
    kept = suppress(boxes, scores).tolist()
    expected: list[int] = []
    for place in sorted(range(len(raw)), key=lambda place: -scores[place]):
        if all(overlap(boxes[place], boxes[other]) <= 0.3 for other in expected):
            expected.append(place)
    assert kept == expected


def overlap(one: Floats, other: Floats) -> float:
    width = max(0.0, float(min(one[2], other[2]) - max(one[0], other[0])))
    height = max(0.0, float(min(one[3], other[3]) - max(one[1], other[1])))
    areas = [float((box[2] - box[0]) * (box[3] - box[1])) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (720, 1280, (384, 640)),
        (1280, 720, (640, 384)),
        (250, 250, (256, 256)),
        (1, 1, (32, 32)),
        (2, 9000, (32, 640)),
    ],
)
def test_the_net_sees_at_most_640_in_multiples_of_32(
    height: int, width: int, expected: tuple[int, int]
) -> None:
    assert input_size(height, width, 640) == expected


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_every_frame_gives_a_size_the_net_takes(height: int, width: int) -> None:
    size = input_size(height, width, 640)
    assert all(side % 32 == 0 and 32 <= side <= 640 for side in size)
