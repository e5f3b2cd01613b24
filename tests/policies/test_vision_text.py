"""Reading pictures: where lines stand, what they say, and which frames of a clip are worth it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from policies.vision import frame_text
from policies.vision.frame_text import FrameTextReader, TooMuchText
from policies.vision.text_detection import TextLine, clockwise, in_order, input_size, rectangles
from policies.vision.text_recognition import HEIGHT, cut, decode, strip_of
from policies.vision.text_worth import EVERY_S, SCENE_EVERY_S, WorthReading, looks_written

Frame = NDArray[np.uint8]


def page(*lines: str, height: int = 40, size: tuple[int, int] = (640, 360), ink: int = 255) -> Frame:
    """Lines of text on a grey picture."""
    picture = Image.new("RGB", size, (60, 60, 60))
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        draw.text(
            (40, 40 + row * height * 2), line, fill=(ink, ink, ink), font=ImageFont.load_default(height)
        )
    return np.asarray(picture, np.uint8)


def box(left: float, top: float, right: float, bottom: float) -> TextLine:
    return TextLine(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32))


@pytest.mark.parametrize(
    ("height", "width", "side", "expected"),
    [
        (720, 1280, 640, (352, 640)),
        (100, 100, 640, (96, 96)),
        (3, 2000, 640, (32, 640)),
        (360, 640, 960, (352, 640)),
    ],
)
def test_the_net_sees_multiples_of_32(height: int, width: int, side: int, expected: tuple[int, int]) -> None:
    assert input_size(height, width, side) == expected


def test_a_region_becomes_a_rectangle_grown_by_what_training_had_shrunk_it() -> None:
    inside = np.zeros((64, 128), np.float32)
    inside[20:30, 30:90] = 0.9
    (found,) = rectangles(inside)
    (left, top), (right, bottom) = found.min(axis=0).tolist(), found.max(axis=0).tolist()
    assert left < 25 < 95 < right
    assert top < 14 < 36 < bottom
    assert np.array_equal(found, clockwise(found[[2, 0, 3, 1]]))


@pytest.mark.parametrize(("value", "size"), [(0.2, 10), (0.9, 1), (0.4, 10)])
def test_what_is_faint_or_tiny_is_no_line(value: float, size: int) -> None:
    inside = np.zeros((64, 128), np.float32)
    inside[20 : 20 + size, 30 : 30 + size] = value
    assert list(rectangles(inside)) == []


def test_lines_are_read_from_above_and_in_a_row_from_the_left() -> None:
    lower, right, left = box(0, 100, 50, 120), box(60, 4, 90, 20), box(0, 0, 50, 20)
    assert in_order([lower, right, left]) == (left, right, lower)


def test_a_line_that_runs_upwards_is_turned_before_it_is_read() -> None:
    frame = np.zeros((200, 100, 3), np.uint8)
    assert cut(frame, box(10, 10, 30, 180).corners).shape == (20, 170, 3)
    assert cut(frame, box(10, 10, 90, 30).corners).shape == (20, 80, 3)


def test_a_strip_has_the_nets_height_and_nothing_behind_the_line() -> None:
    strip = strip_of(np.full((24, 100, 3), 255, np.uint8))
    assert strip.shape == (1, 3, HEIGHT, 224)
    assert (strip[..., :200] == 1.0).all()
    assert (strip[..., 200:] == 0.0).all()


def test_repeated_letters_are_read_once_unless_a_blank_parts_them() -> None:
    steps = np.eye(4, dtype=np.float32)[[0, 1, 1, 0, 1, 2, 2, 3, 0]] * 0.9
    reading = decode(steps, ("", "a", "b", " "))
    assert reading.text == "aab "
    assert reading.score == pytest.approx(0.9)
    assert decode(np.eye(4, dtype=np.float32)[[0, 0]], ("", "a", "b", " ")).score == 0.0


@pytest.fixture(scope="module")
def reader(models_dir: Path) -> FrameTextReader:
    return FrameTextReader(models_dir / "frame_text")


@pytest.mark.models
def test_what_stands_in_a_picture_is_read_with_its_place(reader: FrameTextReader) -> None:
    first, second = reader.read(page("Follow the river", "SALE ENDS MONDAY"))
    assert (first.text, second.text) == ("Follow the river", "SALE ENDS MONDAY")
    assert first.score > 0.9
    assert 0.0 < first.left < 0.1 < 0.4 < first.right < 1.0
    assert first.bottom < second.top


@pytest.mark.models
def test_an_empty_picture_and_a_word_of_two_letters_say_nothing(reader: FrameTextReader) -> None:
    assert reader.read(page()) == ()
    assert reader.read(page("OK")) == ()


@pytest.mark.models
def test_the_same_picture_is_read_the_same_every_time(reader: FrameTextReader) -> None:
    assert reader.read(page("Gate 12", "Platform")) == reader.read(page("Gate 12", "Platform"))


@pytest.mark.models
def test_more_lines_than_are_read_are_too_much_and_never_read_in_part(
    reader: FrameTextReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_text, "MAX_LINES", 1)
    with pytest.raises(TooMuchText, match="2 lines"):
        reader.read(page("First line", "Second line"))
    assert TooMuchText.code == "text.too_much"


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(wrong: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        FrameTextReader(Path("nowhere")).read(wrong)  # type: ignore[arg-type]  # the mistake


def test_a_model_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="fetch the models"):
        FrameTextReader(tmp_path).read(page("text"))


def test_writing_looks_written_and_plain_and_blurred_pictures_do_not() -> None:
    def grey(frame: NDArray[Any]) -> NDArray[np.uint8]:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)

    assert looks_written(grey(page("a caption", height=14)))
    assert looks_written(np.ascontiguousarray(grey(page("upwards")).T))
    assert not looks_written(grey(page()))
    assert not looks_written(grey(cv2.GaussianBlur(page("a caption"), (0, 0), 20)))
    assert not looks_written(np.zeros((2, 2), np.uint8))


def test_a_frame_like_the_last_one_read_is_not_read_again() -> None:
    worth = WorthReading()
    assert [worth.take(float(second), page("the same")) for second in range(6)] == [True] + [False] * 5
    assert (worth.read, worth.unchanged) == (1, 5)


def test_a_caption_that_appears_in_a_still_scene_is_read() -> None:
    worth = WorthReading()
    assert not worth.take(0.0, page())
    assert worth.plain == 1
    assert worth.take(0.5, page("now it says so", height=24))
    assert worth.take(0.5 + EVERY_S, page("now it says no", height=24))


def test_one_scene_is_read_every_two_seconds_and_a_cut_after_one() -> None:
    worth = WorthReading()
    dark, other, bright = page("night"), page("night falls"), 255 - page("day")
    assert worth.take(0.0, dark)
    assert not worth.take(SCENE_EVERY_S, other)
    assert not worth.take(SCENE_EVERY_S - 0.1, bright)
    assert worth.take(SCENE_EVERY_S, bright)
    assert worth.too_soon == 2


@pytest.mark.models
def test_nothing_is_downloaded(reader: FrameTextReader) -> None:
    """Sockets are closed in this suite: a download would fail."""
    assert reader.read(page("offline"))[0].text == "offline"
