"""Alignment: the closed form against known transformations and against insightface's own."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.biometrics.alignment import TEMPLATE, crop, misfit, sharpness, similarity

RANDOM = np.random.default_rng(3)


def moved(
    angle: float, scale: float, x: float, y: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The template rotated by `angle` radians, scaled and shifted."""
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.asarray(TEMPLATE @ turn.T * scale + (x, y), dtype=np.float32)


@given(angle=st.floats(-3, 3), scale=st.floats(0.2, 20), x=st.floats(-500, 500), y=st.floats(-500, 500))
def test_any_turned_scaled_and_shifted_template_is_brought_back(
    angle: float, scale: float, x: float, y: float
) -> None:
    points = moved(angle, scale, x, y)
    matrix = similarity(points)
    back = points.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(back, TEMPLATE, atol=2e-2)
    assert misfit(points) < 2e-2
    assert np.linalg.det(matrix[:, :2]) > 0


def test_a_mirrored_face_is_not_mirrored_back_but_misfits() -> None:
    mirrored = (TEMPLATE * (-1, 1)).astype(np.float32)
    assert np.linalg.det(similarity(mirrored)[:, :2]) > 0
    assert misfit(mirrored) > 10


def test_points_that_fall_together_give_a_finite_answer() -> None:
    matrix = similarity(np.full((5, 2), 7, dtype=np.float32))
    assert np.isfinite(matrix).all()


def test_the_crop_is_what_insightface_would_cut() -> None:
    from insightface.utils import face_align

    frame = RANDOM.integers(0, 256, (200, 220, 3), dtype=np.uint8)
    points = moved(0.2, 1.3, 30, 20) + RANDOM.normal(0, 3, (5, 2)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the deprecation for which ours exists
        theirs = face_align.norm_crop(frame, points)
    assert np.abs(crop(frame, points).astype(int) - theirs.astype(int)).max() <= 1


def test_what_lies_outside_the_frame_is_black() -> None:
    frame = np.full((40, 40, 3), 255, dtype=np.uint8)
    cut = crop(frame, moved(0, 1, 1000, 1000))
    assert cut.shape == (112, 112, 3)
    assert cut.max() == 0


def test_blurring_lowers_the_sharpness_and_a_plain_picture_has_none() -> None:
    import cv2

    noise = RANDOM.integers(0, 256, (112, 112, 3), dtype=np.uint8)
    blurred = [
        sharpness(np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), dtype=np.uint8)) for sigma in (1, 2, 4)
    ]
    assert sharpness(noise) > blurred[0] > blurred[1] > blurred[2] > 0
    assert sharpness(np.full((112, 112, 3), 90, dtype=np.uint8)) == pytest.approx(0)
