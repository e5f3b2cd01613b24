"""Two frames a second, each new scene, each flash, and never more than can be looked at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moderation.media.errors import TooManyFrames
from moderation.media.sampling import THUMB_HEIGHT, THUMB_WIDTH, Sampler, share_changed


def _thumb(level: int) -> NDArray[np.uint8]:
    return np.full((THUMB_HEIGHT, THUMB_WIDTH), level, np.uint8)


def _taken(levels: list[int], *, fps: float = 24.0, max_frames: int = 1000) -> list[tuple[int, bool]]:
    sampler = Sampler(per_second=2.0, max_frames=max_frames)
    answers = [sampler.take(index / fps, _thumb(level)) for index, level in enumerate(levels)]
    return [(index, scene) for index, (wanted, scene) in enumerate(answers) if wanted]


def test_a_still_scene_is_sampled_twice_a_second() -> None:
    assert _taken([80] * 48) == [(0, False), (12, False), (24, False), (36, False)]


def test_a_cut_is_looked_at_where_it_happens() -> None:
    assert (17, True) in _taken([80] * 17 + [180] * 20)


def test_a_single_inserted_frame_is_looked_at() -> None:
    taken = _taken([80] * 5 + [250] + [80] * 5)
    assert (5, True) in taken


def test_a_slow_fade_is_no_scene_change() -> None:
    assert not any(scene for _, scene in _taken(list(range(0, 240, 5))))


def test_a_change_of_an_eighth_of_the_picture_is_a_scene_change() -> None:
    before = _thumb(80).astype(np.int16)
    after = before.copy()
    after[:, : THUMB_WIDTH // 8] += 60
    assert share_changed(before, after) == 0.125
    sampler = Sampler(per_second=2.0, max_frames=10)
    sampler.take(0.0, before.astype(np.uint8))
    assert sampler.take(0.04, after.astype(np.uint8)) == (True, True)


def test_frames_whose_time_runs_backwards_are_looked_at() -> None:
    sampler = Sampler(per_second=2.0, max_frames=10)
    assert sampler.take(5.0, _thumb(1))[0]
    assert sampler.take(1.0, _thumb(1))[0]


def test_more_scene_changes_than_allowed_are_an_error_not_a_gap() -> None:
    with pytest.raises(TooManyFrames):
        _taken([0, 255] * 30, max_frames=20)


@given(st.floats(min_value=1, max_value=120), st.integers(min_value=1, max_value=300))
def test_no_half_second_goes_unseen(fps: float, count: int) -> None:
    times = [index / fps for index, _ in _taken([80] * count, fps=fps)]
    gaps = np.diff([*times, (count - 1) / fps])
    assert times[0] == 0.0
    assert np.all(gaps <= 0.5 + 1 / fps + 0.002)
