"""Encoding a release: every frame passes through the edit, the sound stays, nothing else of the source does."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from moderation.media import planar
from moderation.media.encode import encode_marked
from moderation.media.errors import MediaDamaged, MediaTruncated
from moderation.media.limits import ReadingPlan
from moderation.media.planar import Planes
from moderation.media.reader import open_media
from moderation.media.types import SampledFrame
from moderation.media.writer import Mp4Writer
from tests.support import media

AS_SHOWN = ReadingPlan(max_side=0, every_frame=True, follow_edits=True)


def _keep(_planes: Planes, _time_s: float) -> None:
    return


def _frames(path: Path) -> list[SampledFrame]:
    with open_media(path, plan=AS_SHOWN) as opened:
        return list(opened.frames())


def test_every_frame_passes_through_the_edit_once_with_its_time(tmp_path: Path) -> None:
    times: list[float] = []

    def mark(planes: Planes, time_s: float) -> None:
        times.append(time_s)
        planes[0][:20, :20] = 235

    source = media.video(tmp_path / "a.mp4", picture=lambda _: media.plain(160, 90, (20, 20, 20)))
    encoded = encode_marked(source, tmp_path / "b.mp4", mark)
    assert encoded.frames == 48
    np.testing.assert_allclose(times, np.arange(48) / 24, atol=1e-3)
    for frame in _frames(tmp_path / "b.mp4"):
        assert frame.rgb[5:15, 5:15].mean() > 230
        assert frame.rgb[60:, 100:].mean() < 40


def test_times_and_colours_survive(tmp_path: Path) -> None:
    red, blue = media.plain(160, 90, (220, 20, 20)), media.plain(160, 90, (20, 20, 220))
    source = tmp_path / "a.mp4"
    with Mp4Writer(source, width=160, height=90, fps=30) as writer:
        for index in range(30):
            writer.picture(red if index < 15 else blue, index / 30)
    encode_marked(source, tmp_path / "b.mp4", _keep)
    frames = _frames(tmp_path / "b.mp4")
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(30) / 30, atol=1e-3)
    assert abs(frames[3].rgb[45, 80].astype(int) - (220, 20, 20)).max() < 8
    assert abs(frames[20].rgb[45, 80].astype(int) - (20, 20, 220)).max() < 8


def test_the_sound_is_kept_and_stays_in_time(tmp_path: Path) -> None:
    source = media.video(tmp_path / "a.mp4", tone_hz=1000)
    encode_marked(source, tmp_path / "b.mp4", _keep)
    with open_media(tmp_path / "b.mp4") as opened:
        sound = opened.sound()
        assert opened.info.has_audio
    assert len(sound) / 16_000 == pytest.approx(2.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(sound))
    assert np.argmax(spectrum) * 16_000 / len(sound) == pytest.approx(1000, abs=2)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.1)


def test_a_silent_video_stays_silent(tmp_path: Path) -> None:
    encode_marked(media.video(tmp_path / "a.mp4", tone_hz=None), tmp_path / "b.mp4", _keep)
    with open_media(tmp_path / "b.mp4") as opened:
        assert not opened.info.has_audio


def test_no_metadata_of_the_source_gets_through(tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    with av.open(str(source), "w") as out:
        out.metadata.update({"title": "secret title", "artist": "Jane", "comment": "GPS 52.1 N"})
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for index in range(24):
            frame = av.VideoFrame.from_ndarray(media.moving_square(160, 90, index), format="rgb24")
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert b"secret title" in source.read_bytes()
    encode_marked(source, tmp_path / "b.mp4", _keep)
    data = (tmp_path / "b.mp4").read_bytes()
    for secret in (b"secret title", b"Jane", b"GPS"):
        assert secret not in data


def test_a_phone_video_is_stored_upright(tmp_path: Path) -> None:
    encode_marked(media.video(tmp_path / "a.mp4", rotation=90), tmp_path / "b.mp4", _keep)
    with open_media(tmp_path / "b.mp4") as opened:
        assert (opened.info.width, opened.info.height) == (90, 160)


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    source = media.video(tmp_path / "a.mp4")
    encode_marked(source, tmp_path / "b.mp4", _keep)
    encode_marked(source, tmp_path / "c.mp4", _keep)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()


def test_the_index_lies_in_front_so_that_playing_can_start_at_once(tmp_path: Path) -> None:
    encode_marked(media.video(tmp_path / "a.mp4"), tmp_path / "b.mp4", _keep)
    data = (tmp_path / "b.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    seen: list[float] = []
    encode_marked(media.video(tmp_path / "a.mp4"), tmp_path / "b.mp4", _keep, progress=seen.append)
    assert seen == sorted(seen)
    assert 0.9 < seen[-1] <= 1.0


def test_a_broken_source_leaves_no_target(tmp_path: Path) -> None:
    whole = media.video(tmp_path / "a.mkv", seconds=4)
    with pytest.raises(MediaTruncated):
        encode_marked(media.truncated(tmp_path / "cut.mkv", whole, 0.4), tmp_path / "b.mp4", _keep)
    assert not (tmp_path / "b.mp4").exists()


def test_an_edit_that_fails_leaves_no_target(tmp_path: Path) -> None:
    def fail(_planes: Planes, time_s: float) -> None:
        if time_s > 1:
            raise RuntimeError("no mark")

    with pytest.raises(RuntimeError, match="no mark"):
        encode_marked(media.video(tmp_path / "a.mp4"), tmp_path / "b.mp4", fail)
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize("kind", ["audio", "image"])
def test_what_has_no_moving_pictures_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    source = media.sound_file(tmp_path / "a.wav") if kind == "audio" else media.image(tmp_path / "a.png")
    with pytest.raises(MediaDamaged, match=f"this is {kind}"):
        encode_marked(source, tmp_path / "b.mp4", _keep)


def test_odd_edges_lose_one_line_and_loud_sound_is_clipped(tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    with Mp4Writer(path, width=161, height=91, fps=24, audio_rate=48_000, audio_channels=2) as writer:
        for index in range(24):
            writer.picture(media.moving_square(161, 91, index), index / 24)
        writer.sound(np.full((48_000, 2), 9.0, np.float32))
    with open_media(path) as opened:
        assert (opened.info.width, opened.info.height) == (160, 90)
        assert np.abs(opened.sound()).max() < 2.5


def test_frames_with_equal_times_are_kept_in_order(tmp_path: Path) -> None:
    path = tmp_path / "same.mp4"
    with Mp4Writer(path, width=160, height=90, fps=24) as writer:
        for level in (10, 120, 240):
            writer.picture(media.plain(160, 90, (level, level, level)), 0.0)
    levels = [frame.rgb.mean() for frame in _frames(path)]
    assert len(levels) == 3
    assert levels == sorted(levels)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_video_of_ours_is_upright_in_every_plane(tmp_path: Path, rotation: int) -> None:
    red, blue = media.plain(160, 90, (220, 20, 20)), media.plain(160, 90, (20, 20, 220))
    half = np.concatenate([red[:, :80], blue[:, 80:]], axis=1)
    with Mp4Writer(tmp_path / "a.mp4", width=160, height=90, fps=24) as writer:
        for index in range(12):
            writer.picture(half, index / 24)
    with av.open(str(tmp_path / "a.mp4")) as opened:
        frame = next(opened.decode(video=0))
    assert planar.taken_as_is(frame)
    packed = planar.turned(frame.to_ndarray(), rotation // 90)
    shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(packed), format="yuv420p")
    shown.colorspace, shown.color_range = frame.colorspace, frame.color_range
    expected = np.rot90(frame.to_ndarray(format="rgb24"), rotation // 90).astype(int)
    assert np.abs(shown.to_ndarray(format="rgb24").astype(int) - expected).mean() < 2


def test_colours_are_the_same_whether_the_source_says_them_or_not(tmp_path: Path) -> None:
    """A source that does not name its colours is converted as it is for looking, so that what was judged is what is released."""
    source = media.video(tmp_path / "a.mp4", picture=lambda _: media.plain(160, 90, (200, 60, 30)))
    encode_marked(source, tmp_path / "b.mp4", _keep)
    encode_marked(tmp_path / "b.mp4", tmp_path / "c.mp4", _keep)
    looks = [_frames(path)[5].rgb[20:70, 20:140].mean(axis=(0, 1)) for path in (source, *_made(tmp_path))]
    for look in looks[1:]:
        np.testing.assert_allclose(look, looks[0], atol=4)


def _made(folder: Path) -> tuple[Path, Path]:
    return folder / "b.mp4", folder / "c.mp4"


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_an_animated_picture_becomes_a_video(tmp_path: Path, suffix: str) -> None:
    pictures = [Image.fromarray(media.plain(161, 91, (level, 40, 40))) for level in (40, 120, 200)]
    source = tmp_path / f"a.{suffix}"
    pictures[0].save(source, save_all=True, append_images=pictures[1:], duration=100, lossless=True)
    assert encode_marked(source, tmp_path / "b.mp4", _keep).frames == 3
    frames = _frames(tmp_path / "b.mp4")
    assert frames[0].rgb.shape == (90, 160, 3)
    assert [round(frame.rgb[..., 0].mean() / 40) for frame in frames] == [1, 3, 5]
