"""Files made to hurt: each is refused with a code and a remedy, and the process that asked lives on."""

import os
import random
import sys
import time
from pathlib import Path

import pytest

from moderation.errors import Kind
from moderation.media import wire
from moderation.media.errors import REASONS, MediaRejected
from moderation.media.limits import MediaLimits
from moderation.media.reader import open_media
from tests.support import media


def _rejection(path: Path, **limits: float) -> MediaRejected:
    with pytest.raises(MediaRejected) as caught, open_media(path, limits=MediaLimits(**limits)) as opened:  # type: ignore[arg-type]  # mixed int and float fields
        opened.sound()
    return caught.value


@pytest.mark.parametrize("size", [0, 1, 4, 15])
def test_a_file_of_a_few_bytes_is_truncated(tmp_path: Path, size: int) -> None:
    path = tmp_path / "tiny.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisomabcd"[:size])
    rejected = _rejection(path)
    assert rejected.code == "media.truncated"
    assert f"{size} bytes" in str(rejected)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
@pytest.mark.parametrize("faststart", [False, True])
def test_a_cut_mp4_is_truncated_wherever_its_index_lies(
    tmp_path: Path, share: float, faststart: bool
) -> None:
    options = {"movflags": "+faststart"} if faststart else {}
    whole = media.video(tmp_path / "whole.mp4", container_options=options)
    assert _rejection(media.truncated(tmp_path / "cut.mp4", whole, share)).code == "media.truncated"


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx"), ("a.mkv", "libx264"), ("a.avi", "mpeg4")])
def test_other_cut_videos_are_truncated_too(tmp_path: Path, name: str, codec: str) -> None:
    whole = media.video(tmp_path / name, codec=codec, seconds=4)
    assert _rejection(media.truncated(tmp_path / f"cut-{name}", whole, 0.4)).code == "media.truncated"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_cut_pictures_are_refused(tmp_path: Path, name: str) -> None:
    whole = media.image(tmp_path / name, media.moving_square(400, 300, 5))
    assert _rejection(media.truncated(tmp_path / f"cut-{name}", whole, 0.6)).code == "media.truncated"


def test_a_zip_named_mp4_is_named_a_zip(tmp_path: Path) -> None:
    rejected = _rejection(media.zip_named(tmp_path / "movie.mp4"))
    assert rejected.code == "media.not_media"
    assert rejected.kind is Kind.INVALID
    assert "ZIP" in str(rejected)
    assert "MP4" in rejected.remedy


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile /etc/passwd\n", "v=0\n" * 20],
)
def test_a_playlist_opens_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.mp4"
    path.write_text(text * 3)
    assert _rejection(path).code == "media.not_media"


def test_a_picture_of_ten_thousand_pixels_square_is_refused_by_its_header(tmp_path: Path) -> None:
    path = media.huge_png(tmp_path / "huge.png", 10_000, 10_000)
    began = time.monotonic()
    rejected = _rejection(path)
    assert rejected.code == "media.too_large"
    assert "100000000 pixels" in str(rejected)
    assert time.monotonic() - began < 5


def test_a_picture_that_unfolds_beyond_all_memory_is_refused(tmp_path: Path) -> None:
    """Its header claims 2.5 GB of pixels in a file of a few kilobytes."""
    path = media.huge_png(tmp_path / "bomb.png", 50_000, 40, claimed_height=50_000)
    assert path.stat().st_size < 10_000
    assert _rejection(path).code == "media.too_large"


def test_a_picture_with_a_broken_header_is_damaged(tmp_path: Path) -> None:
    path = media.image(tmp_path / "a.png")
    data = bytearray(path.read_bytes())
    data[20] ^= 0x55
    path.write_bytes(data)
    assert _rejection(path).code == "media.damaged"


def test_a_text_chunk_that_unfolds_is_refused(tmp_path: Path) -> None:
    path = media.png_with_text_bomb(tmp_path / "text.png", megabytes=100)
    assert path.stat().st_size < 200_000
    assert _rejection(path).code == "media.too_large"


def test_a_video_of_too_many_pixels_is_refused_by_its_header(tmp_path: Path) -> None:
    path = media.video(tmp_path / "wide.mp4", size=(640, 360), seconds=0.5)
    rejected = _rejection(path, max_video_pixels=100_000)
    assert rejected.code == "media.too_large"
    assert "640 × 360" in str(rejected)


def test_a_large_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    with path.open("wb") as out:
        out.truncate(3 * 1024**3)
    assert _rejection(path).code == "media.too_large"


def test_frames_hours_apart_are_too_long_though_the_header_says_two_seconds(tmp_path: Path) -> None:
    source = media.video(tmp_path / "a.mp4", tone_hz=None)
    assert _rejection(media.with_sample_pause(tmp_path / "slow.mp4", source, 3600)).code == "media.too_long"


def test_a_header_that_claims_days_is_not_believed_or_not_accepted(tmp_path: Path) -> None:
    """What counts is what was decoded: two seconds. The false header changes nothing that is shown or judged."""
    source = media.video(tmp_path / "a.mp4")
    with open_media(media.with_duration(tmp_path / "days.mp4", source, 1_000_000)) as opened:
        assert len(list(opened.frames())) == 4
        assert opened.info.duration_s < 2.2


def test_a_long_recording_is_refused_early(tmp_path: Path) -> None:
    path = media.sound_file(tmp_path / "long.wav", seconds=30)
    rejected = _rejection(path, max_duration_s=10)
    assert rejected.code == "media.too_long"
    assert "30 s, at most 10 s" in str(rejected)


@pytest.mark.parametrize("tracks", [{"video_tracks": 2}, {"sound_tracks": 2}])
def test_a_second_track_that_a_player_could_show_instead_is_refused(
    tmp_path: Path, tracks: dict[str, int]
) -> None:
    counts = {"video_tracks": 1, "sound_tracks": 1, **tracks}
    path = media.video(
        tmp_path / "two.mp4", video_tracks=counts["video_tracks"], sound_tracks=counts["sound_tracks"]
    )
    assert _rejection(path).code == "media.too_many_streams"


def test_more_frames_than_allowed_are_refused(tmp_path: Path) -> None:
    assert _rejection(media.video(tmp_path / "a.mp4"), max_decoded_frames=40).code == "media.too_many_frames"


def test_flicker_beyond_what_can_be_looked_at_is_refused_not_skipped(tmp_path: Path) -> None:
    black, white = media.plain(160, 90, (0, 0, 0)), media.plain(160, 90, (255, 255, 255))
    path = media.video(tmp_path / "flicker.mp4", picture=lambda index: black if index % 2 else white)
    assert _rejection(path, max_sampled_frames=20).code == "media.too_many_frames"


def test_an_encoding_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    path = media.video(tmp_path / "old.avi", codec="msmpeg4")
    rejected = _rejection(path)
    assert rejected.code == "media.unsupported_codec"
    assert "msmpeg4" in str(rejected)


def test_too_little_memory_is_could_not_judge(tmp_path: Path) -> None:
    path = media.image(tmp_path / "a.png", media.plain(5000, 5000, (1, 2, 3)))
    rejected = _rejection(path, address_space_bytes=200 * 1024**2)
    assert rejected.code in ("media.out_of_memory", "media.crashed")
    assert rejected.kind is Kind.UNAVAILABLE


def test_bytes_flipped_anywhere_never_hurt_the_reader(tmp_path: Path) -> None:
    source = media.video(tmp_path / "a.mp4", seconds=1).read_bytes()
    chance = random.Random(3)
    answers = set()
    for attempt in range(12):
        data = bytearray(source)
        for _ in range(chance.choice((1, 10, 200))):
            data[chance.randrange(32, len(data))] = chance.randrange(256)
        path = tmp_path / f"{attempt}.mp4"
        path.write_bytes(data)
        try:
            with open_media(path, limits=MediaLimits(wall_s=30)) as opened:
                opened.sound()
            answers.add("read")
        except MediaRejected as rejected:
            answers.add(rejected.code)
    assert len(answers) > 1
    assert answers <= {"read", *REASONS}


def _stand_in(tmp_path: Path, code: str) -> tuple[list[str], Path]:
    """A sandbox that misbehaves, and a file to give it."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"any")
    return [sys.executable, "-c", f"import os, sys, time\n{code}"], path


def _rejection_of(tmp_path: Path, code: str, wall_s: float = 20) -> MediaRejected:
    sandbox, path = _stand_in(tmp_path, code)
    with (
        pytest.raises(MediaRejected) as caught,
        open_media(path, limits=MediaLimits(wall_s=wall_s), sandbox=sandbox) as opened,
    ):
        opened.sound()
    return caught.value


def test_a_decoder_that_crashes_is_could_not_judge(tmp_path: Path) -> None:
    rejected = _rejection_of(tmp_path, "os.kill(os.getpid(), 11)")
    assert rejected.code == "media.crashed"
    assert rejected.kind is Kind.UNAVAILABLE
    assert "SIGSEGV" in str(rejected)


def test_a_decoder_that_hangs_is_timed_out_and_killed(tmp_path: Path) -> None:
    began = time.monotonic()
    rejected = _rejection_of(tmp_path, "time.sleep(600)", wall_s=0.5)
    assert rejected.code == "media.timeout"
    assert rejected.kind is Kind.UNAVAILABLE
    assert time.monotonic() - began < 10


def test_a_decoder_that_drips_bytes_is_timed_out_too(tmp_path: Path) -> None:
    rejected = _rejection_of(tmp_path, "while True: os.write(1, b'\\0'); time.sleep(0.3)", wall_s=1.0)
    assert rejected.code == "media.timeout"


def test_a_decoder_that_uses_up_its_processor_time_is_timed_out(tmp_path: Path) -> None:
    code = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass"
    rejected = _rejection_of(tmp_path, code)
    assert rejected.code == "media.timeout"
    assert "CPU" in str(rejected)


def test_a_decoder_that_leaves_without_a_word_crashed(tmp_path: Path) -> None:
    assert "exit status 3" in str(_rejection_of(tmp_path, "sys.exit(3)"))


@pytest.mark.parametrize(
    "message",
    [
        b"\xff" * 64,
        wire.PREFIX.pack(2, 0) + b"[]",
        wire.PREFIX.pack(10, 0) + b"not json!!",
        wire.pack({"event": "info", "kind": "virus"}, 0),
        wire.pack({"event": "frame", "height": -1, "width": 10, "time_s": 0, "scene": False}, 0),
        wire.pack({"event": "frame", "height": 10, "width": 10, "time_s": 0, "scene": False}, 3) + b"abc",
        wire.pack({"event": "planes", "rows": 4, "width": 2, "time_s": 0}, 8) + b"12345678",
        wire.pack({"event": "planes", "rows": 3, "width": 4, "time_s": 0}, 3) + b"abc",
        wire.pack({"event": "planes", "rows": 0, "width": 2, "time_s": 0}, 0),
        wire.pack({"event": "end", "frames": 1, "duration_s": float("nan")}, 0),
        wire.pack({"event": "sound", "start_s": 0, "rate": 1, "channels": 0}, 4) + b"abcd",
        wire.pack({"event": "obey"}, 0),
    ],
)
def test_a_decoder_that_was_taken_over_is_not_believed(tmp_path: Path, message: bytes) -> None:
    rejected = _rejection_of(tmp_path, f"os.write(1, {message!r})")
    assert rejected.code == "media.crashed"


def test_an_unknown_reason_is_a_crash_and_its_text_is_cut(tmp_path: Path) -> None:
    message = wire.pack({"event": "rejected", "code": "media.fine", "detail": "\x1b[31m" + "x" * 500}, 0)
    rejected = _rejection_of(tmp_path, f"os.write(1, {message!r})")
    assert rejected.code == "media.crashed"
    assert "\x1b" not in str(rejected)
    assert len(str(rejected)) < 250


def test_no_secret_of_the_service_reaches_the_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFECONDUCT_SECRET", "hush")
    told = "detail=' '.join(sorted(os.environ))[:80]"
    code = (
        f"{told}\nimport json, struct\nb=json.dumps({{'event': 'rejected', 'code': 'media.damaged', 'detail': detail}})"
        ".encode()\nos.write(1, struct.pack('>II', len(b), 0) + b)"
    )
    rejected = _rejection_of(tmp_path, code)
    assert rejected.code == "media.damaged"
    assert "PYTHONPATH" in rejected.detail
    assert "SAFECONDUCT" not in rejected.detail


def test_the_sandbox_cannot_write_a_file(tmp_path: Path) -> None:
    target = tmp_path / "written"
    code = (
        "from moderation.media.limits import MediaLimits\nfrom moderation.media.sandbox import restrict\n"
        f"restrict(MediaLimits())\ntry:\n    open({str(target)!r}, 'wb', buffering=0).write(b'x')\n"
        "except OSError: sys.exit(7)"
    )
    assert "exit status 7" in str(_rejection_of(tmp_path, code))
    assert not target.exists() or target.stat().st_size == 0


def test_every_reason_has_a_sentence_and_a_remedy() -> None:
    for code, reason in REASONS.items():
        rejected = reason("this")
        assert rejected.code == code
        assert code.startswith("media.")
        assert str(rejected) == f"file: {rejected.sentence} (got this); {rejected.remedy}"


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    path = media.image(tmp_path / "a.png")
    with open_media(path) as opened:
        opened.sound()
    before = len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))
    for _ in range(5):
        with open_media(path) as opened:
            opened.sound()
    assert len(list(Path(f"/proc/{os.getpid()}/fd").iterdir())) == before
