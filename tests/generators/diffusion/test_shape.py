"""What is asked becomes what a pipeline can make: never larger, never longer, always on its grid, and said in words."""

from hypothesis import given
from hypothesis import strategies as st

from moderation.generation.generators.diffusion.shape import Grid, Shape, differences
from moderation.messages import Parameters

WAN = Grid(side=16, frame_step=4, max_frames=81, max_pixels=1280 * 720)
sides = st.integers(32, 1920).map(lambda half: 2 * half)


def test_what_fits_stays_as_it_is() -> None:
    wanted = Parameters(seconds=2, width=1280, height=720, fps=24)
    shape = WAN.fit(wanted)
    assert shape == Shape(1280, 720, 49, 24)
    assert differences(wanted, shape) == ""


def test_what_is_too_large_and_too_long_is_made_smaller_and_shorter_and_said() -> None:
    wanted = Parameters(seconds=10, width=3840, height=2160, fps=24)
    shape = WAN.fit(wanted)
    assert shape == Shape(1280, 720, 81, 24)
    assert differences(wanted, shape) == "size 3840x2160 became 1280x720; 10 s became 3.38 s"


def test_the_trained_rate_decides_how_many_frames_ten_seconds_are() -> None:
    grid = Grid(side=16, frame_step=4, max_frames=200, max_pixels=1280 * 720, fps=16)
    wanted = Parameters(seconds=5, width=832, height=480, fps=24)
    assert grid.fit(wanted) == Shape(832, 480, 81, 16)
    assert differences(wanted, grid.fit(wanted)) == "24 frames per second became 16"


def test_the_shortest_clip_has_a_frame() -> None:
    assert WAN.fit(Parameters(seconds=0.01, fps=1)).frames == 1


@given(
    st.builds(
        Parameters, seconds=st.floats(0.01, 60), width=sides, height=st.integers(32, 1080).map(lambda half: 2 * half),
        fps=st.integers(1, 60),
    ),
    st.sampled_from([8, 16, 32]), st.sampled_from([1, 4, 8]), st.integers(1, 300), st.integers(4096, 2_000_000),
)  # fmt: skip
def test_every_clip_lies_on_the_grid_and_within_the_limits(
    wanted: Parameters, side: int, step: int, most: int, pixels: int
) -> None:
    shape = Grid(side, step, most, pixels).fit(wanted)
    assert shape.width % side == 0
    assert shape.height % side == 0
    assert shape.width * shape.height <= max(pixels, side * side)
    assert (shape.frames - 1) % step == 0
    assert 1 <= shape.frames <= max(most, 1)
