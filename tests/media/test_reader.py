"""What an honest file gives: pictures with times, sound at 16 kHz, and what it is."""

import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from moderation.media.limits import MediaLimits, ReadingPlan
from moderation.media.reader import open_media
from moderation.media.types import SampledFrame, SoundChunk
from tests.support import media


def _dominant_hz(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]", rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * rate / len(samples))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_a_video_gives_two_frames_a_second_and_its_sound(tmp_path: Path, name: str) -> None:
    path = media.video(tmp_path / name, seconds=3)
    with open_media(path) as opened:
        assert opened.info.kind == "video"
        assert (opened.info.width, opened.info.height, opened.info.fps) == (160, 90, 24.0)
        frames = list(opened.frames())
        sound = opened.sound()
        info = opened.info
    assert [round(frame.time_s, 1) for frame in frames] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert all(frame.rgb.shape == (90, 160, 3) and frame.rgb.dtype == np.uint8 for frame in frames)
    assert sound.dtype == np.float32
    assert sound.ndim == 1
    assert abs(len(sound) / 16_000 - 3) < 0.1
    assert abs(_dominant_hz(sound, 16_000) - 440) < 2
    assert info.frames == 72
    assert abs(info.duration_s - 3) < 0.1
    assert info.has_audio


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx"), ("a.avi", "mpeg4"), ("a.mp4", "hevc")])
def test_other_codecs_are_read_in_their_containers(tmp_path: Path, name: str, codec: str) -> None:
    with open_media(media.video(tmp_path / name, codec=codec)) as opened:
        assert len(list(opened.frames())) in (
            4,
            5,
        )  # AVI has no time stamps; its last frame may end a tick late
        assert opened.info.frames == 48
        assert abs(_dominant_hz(opened.sound(), 16_000) - 440) < 2


def test_a_cut_is_found_at_its_time_and_in_the_right_colour(tmp_path: Path) -> None:
    red, blue = media.plain(160, 90, (220, 20, 20)), media.plain(160, 90, (20, 20, 250))
    path = media.video(tmp_path / "cut.mp4", picture=lambda index: red if index < 29 else blue)
    with open_media(path) as opened:
        cuts = [frame for frame in opened.frames() if frame.scene_change]
    assert [round(cut.time_s, 3) for cut in cuts] == [round(29 / 24, 3)]
    assert abs(cuts[0].rgb[45, 80].astype(int) - (20, 20, 250)).max() < 12


def test_a_single_hidden_frame_is_handed_out(tmp_path: Path) -> None:
    grey, white = media.plain(160, 90, (90, 90, 90)), media.plain(160, 90, (255, 255, 255))
    path = media.video(tmp_path / "flash.mp4", picture=lambda index: white if index == 31 else grey)
    with open_media(path) as opened:
        bright = [frame.time_s for frame in opened.frames() if frame.rgb.mean() > 230]
    assert [round(time_s, 3) for time_s in bright] == [round(31 / 24, 3)]


@pytest.mark.parametrize(
    ("rotation", "corner"), [(90, "bottom left"), (180, "bottom right"), (-90, "top right")]
)
def test_a_rotated_video_is_turned_upright(tmp_path: Path, rotation: int, corner: str) -> None:
    """The matrix turns counter-clockwise (FFmpeg's av_display_rotation_get): the top left corner ends up at `corner`."""
    picture = media.plain(160, 90, (20, 20, 20))
    picture[:30, :30] = 255
    path = media.video(tmp_path / "turned.mp4", picture=lambda _: picture, rotation=rotation)
    with open_media(path) as opened:
        frame = next(opened.frames()).rgb
        assert (opened.info.width, opened.info.height) == (frame.shape[1], frame.shape[0])
    quarters = {
        "top left": frame[:20, :20], "top right": frame[:20, -20:],
        "bottom left": frame[-20:, :20], "bottom right": frame[-20:, -20:],
    }  # fmt: skip
    assert max(quarters, key=lambda name: quarters[name].mean()) == corner
    assert frame.shape == ((160, 90, 3) if rotation % 180 else (90, 160, 3))


def test_an_absurd_rotation_is_taken_to_the_nearest_quarter(tmp_path: Path) -> None:
    with open_media(media.video(tmp_path / "skewed.mp4", rotation=37)) as opened:
        assert next(opened.frames()).rgb.shape == (90, 160, 3)


def test_large_frames_are_scaled_down_for_checks(tmp_path: Path) -> None:
    path = media.video(tmp_path / "hd.mp4", size=(1280, 720), seconds=0.5)
    with open_media(path) as opened:
        assert next(opened.frames()).rgb.shape == (540, 960, 3)
        assert (opened.info.width, opened.info.height) == (1280, 720)


def test_a_video_without_sound_says_so(tmp_path: Path) -> None:
    with open_media(media.video(tmp_path / "silent.mp4", tone_hz=None)) as opened:
        assert not opened.info.has_audio
        assert len(list(opened.frames())) == 4
        assert opened.sound().shape == (0,)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.ogg", "a.m4a", "a.mp4"])
def test_sound_alone_is_audio_whatever_the_container(tmp_path: Path, name: str) -> None:
    with open_media(media.sound_file(tmp_path / name, tone_hz=880)) as opened:
        assert opened.info.kind == "audio"
        assert (opened.info.width, opened.info.height, opened.info.frames) == (0, 0, 0)
        assert list(opened.frames()) == []
        assert abs(_dominant_hz(opened.sound(), 16_000) - 880) < 2


def test_sound_can_be_taken_without_the_pictures(tmp_path: Path) -> None:
    with open_media(media.video(tmp_path / "a.mp4")) as opened:
        assert len(opened.sound()) > 30_000


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "avif"])
def test_a_still_is_one_frame_at_time_zero(tmp_path: Path, suffix: str) -> None:
    with open_media(media.image(tmp_path / f"a.{suffix}")) as opened:
        frames = list(opened.frames())
        assert opened.info.kind == "image"
        assert (opened.info.width, opened.info.height, opened.info.has_audio) == (120, 80, False)
        assert opened.sound().shape == (0,)
    assert [(frame.time_s, frame.rgb.shape) for frame in frames] == [(0.0, (80, 120, 3))]
    assert abs(frames[0].rgb[40, 60].astype(int) - (200, 30, 30)).max() < 12


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    media.image(tmp_path / "a.png").rename(tmp_path / "a.mp4")
    with open_media(tmp_path / "a.mp4") as opened:
        assert opened.info.container == "png"


def test_a_photograph_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = media.image(tmp_path / "a.jpg", exif=exif)
    with open_media(path) as opened:
        assert (opened.info.width, opened.info.height) == (80, 120)


def test_a_transparent_picture_is_seen_over_white_and_over_black(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[10:20] = (255, 255, 255, 255)
    with open_media(media.image(tmp_path / "a.png", pixels)) as opened:
        frames = [frame.rgb for frame in opened.frames()]
    assert [frame[0, 0].tolist() for frame in frames] == [[255, 255, 255], [0, 0, 0]]
    assert frames[1][15, 5].tolist() == [255, 255, 255]


def test_an_animation_is_a_silent_video(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / "a.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=400)
    with open_media(path) as opened:
        frames = list(opened.frames())
        assert opened.info.kind == "video"
        assert opened.info.frames == 3
        assert opened.info.duration_s == pytest.approx(1.2)
    assert [round(frame.time_s, 1) for frame in frames] == [0.0, 0.4, 0.8]
    assert frames[2].rgb[0, 0].tolist() == [0, 0, 255]


def test_every_frame_and_stereo_sound_come_with_the_encoding_plan(tmp_path: Path) -> None:
    plan = ReadingPlan(max_side=0, every_frame=True, follow_edits=True, audio_rate=48_000, audio_channels=2)
    with open_media(media.video(tmp_path / "a.mp4", seconds=1), plan=plan) as opened:
        items = list(opened.items())
    assert sum(isinstance(item, SampledFrame) for item in items) == 24
    chunks = [item for item in items if isinstance(item, SoundChunk)]
    assert chunks[0].samples.shape[1] == 2
    assert sum(len(chunk.samples) for chunk in chunks) / 48_000 == pytest.approx(1.0, abs=0.05)
    assert [chunk.start_s for chunk in chunks] == sorted(chunk.start_s for chunk in chunks)


def test_pictures_stream_in_bounded_memory(tmp_path: Path) -> None:
    """120 HD pictures are 330 MB; here never more than a few of them are held at once."""
    path = media.video(tmp_path / "hd.mp4", size=(1280, 720), seconds=5)
    plan = ReadingPlan(max_side=0, every_frame=True)
    tracemalloc.start()
    try:
        with open_media(path, plan=plan) as opened:
            assert sum(1 for _ in opened.frames()) == 120
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 2_000_000 < peak < 30_000_000


def test_leaving_early_ends_the_sandbox(tmp_path: Path) -> None:
    path = media.video(tmp_path / "hd.mp4", size=(640, 360), seconds=5)
    with open_media(path, plan=ReadingPlan(every_frame=True)) as opened:
        next(opened.frames())
        child = opened._pipe._child
    assert child.poll() is not None


def test_a_file_that_is_not_there_is_the_callers_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_media(tmp_path / "gone.mp4"):
        pass


def test_the_time_a_caller_spends_on_a_frame_is_its_own(tmp_path: Path) -> None:
    path = media.video(tmp_path / "a.mp4", seconds=3)
    with open_media(path, limits=MediaLimits(wall_s=4)) as opened:
        for _ in opened.frames():
            time.sleep(0.8)


def test_the_sandbox_imports_no_model_runtime_and_no_service(tmp_path: Path) -> None:
    code = (
        "import sys, moderation.media.movies, moderation.media.stills, moderation.media.sandbox;"
        "print([name for name in ('torch', 'onnxruntime', 'pydantic', 'sqlalchemy', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
