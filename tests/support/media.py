"""Media files built in a test: honest ones, and the hostile ones of the issue."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]


def plain(width: int, height: int, colour: tuple[int, int, int]) -> Picture:
    """One colour: uint8[h, w, 3]."""
    return np.full((height, width, 3), colour, np.uint8)


def moving_square(width: int, height: int, index: int) -> Picture:
    """A white square that drifts over grey: frames differ, but no scene changes."""
    picture = plain(width, height, (90, 90, 90))
    left = 2 + index % (width // 2)
    picture[10:26, left : left + 16] = 255
    return picture


def video(
    path: Path,
    *,
    seconds: float = 2.0,
    size: tuple[int, int] = (160, 90),
    fps: int = 24,
    picture: Callable[[int], Picture] | None = None,
    tone_hz: float | None = 440.0,
    rotation: int = 0,
    codec: str = "libx264",
    container_options: dict[str, str] | None = None,
    sound_tracks: int = 1,
    video_tracks: int = 1,
) -> Path:
    """A video with sound (unless `tone_hz` is None), by default a moving square and a tone."""
    draw = picture or (lambda index: moving_square(size[0], size[1], index))
    with av.open(str(path), "w", options=container_options or {}) as out:
        streams = [out.add_stream(codec, rate=fps) for _ in range(video_tracks)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = size[0], size[1], "yuv420p"
            stream.options = {"preset": "ultrafast"} if codec == "libx264" else {}
            if rotation:
                stream.set_display_rotation(rotation)
        sounds = [
            out.add_stream(_audio_codec(path), rate=48_000) for _ in range(sound_tracks if tone_hz else 0)
        ]
        for index in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(draw(index), format="rgb24")
            frame.pts = index
            for stream in streams:
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode())
        for sound in sounds:
            for chunk in _tone_frames(tone_hz or 0, seconds):
                out.mux(sound.encode(chunk))
            out.mux(sound.encode())
    return path


def sound_file(path: Path, *, seconds: float = 2.0, tone_hz: float = 440.0, codec: str | None = None) -> Path:
    """Sound without pictures."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec or _audio_codec(path), rate=48_000)
        for chunk in _tone_frames(tone_hz, seconds):
            out.mux(stream.encode(chunk))
        out.mux(stream.encode())
    return path


def image(path: Path, picture: Picture | None = None, **options: Any) -> Path:
    """A still in the format the suffix names."""
    pixels = plain(120, 80, (200, 30, 30)) if picture is None else picture
    Image.fromarray(pixels).save(path, **options)
    return path


def truncated(path: Path, source: Path, share: float) -> Path:
    """The first part of a file."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def zip_named(path: Path) -> Path:
    """A ZIP archive under a media file's name."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("moov", "not a movie" * 100)
    return path


def huge_png(path: Path, width: int, height: int, *, claimed_height: int | None = None) -> Path:
    """A grey PNG of any size that is small on disk (one repeated byte); its header may claim another height."""
    squeeze = zlib.compressobj(9)
    row = b"\0" * (width + 1)
    data = io.BytesIO()
    for _ in range(height):
        data.write(squeeze.compress(row))
    data.write(squeeze.flush())
    header = struct.pack(">IIBBBBB", width, claimed_height or height, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", data.getvalue())
        + _chunk(b"IEND", b"")
    )
    return path


def png_with_text_bomb(path: Path, megabytes: int) -> Path:
    """A tiny PNG whose compressed text chunk unfolds to `megabytes`."""
    bomb = zlib.compress(b"\0" * (megabytes << 20), 9)
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 9 * 8)
    body = _chunk(b"IHDR", header) + _chunk(b"zTXt", b"Comment\0\0" + bomb)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b""))
    return path


def with_duration(path: Path, source: Path, seconds: int) -> Path:
    """An mp4 whose movie header claims another duration (ISO/IEC 14496-12 §8.2.2, version 0)."""
    data = bytearray(source.read_bytes())
    for kind, time_scale_at in ((b"mvhd", 16), (b"mdhd", 16)):
        at = data.find(kind)
        while at >= 0:
            (scale,) = struct.unpack_from(">I", data, at + time_scale_at)
            struct.pack_into(">I", data, at + time_scale_at + 4, min(scale * seconds, 0xFFFFFFF0))
            at = data.find(kind, at + 4)
    path.write_bytes(data)
    return path


def with_sample_pause(path: Path, source: Path, seconds: int) -> Path:
    """An mp4 in which each video frame is `seconds` long by its time table (§8.6.1.2), whatever the header says."""
    data = bytearray(source.read_bytes())
    scale_at = data.find(b"mdhd") + 16
    (scale,) = struct.unpack_from(">I", data, scale_at)
    at = data.find(b"stts")
    (entries,) = struct.unpack_from(">I", data, at + 8)
    for index in range(entries):
        struct.pack_into(">I", data, at + 16 + 8 * index, scale * seconds)
    path.write_bytes(data)
    return path


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _audio_codec(path: Path) -> str:
    return {".wav": "pcm_s16le", ".mp3": "mp3", ".flac": "flac", ".ogg": "libopus", ".webm": "libopus"}.get(
        path.suffix, "aac"
    )


def _tone_frames(hz: float, seconds: float) -> Iterator[av.AudioFrame]:
    total = round(seconds * 48_000)
    for start in range(0, total, 960):
        at = np.arange(start, min(start + 960, total)) / 48_000
        wave = (0.5 * np.sin(2 * np.pi * hz * at)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(
            (wave * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts = 48_000, start
        yield frame
