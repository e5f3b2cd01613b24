"""Video and sound, by PyAV, in one pass over the file. Runs in the sandbox only.

The demuxer is the one the content calls for and the decoders are a short list: a playlist inside a file can open nothing.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from moderation.media import planar
from moderation.media.errors import (
    MediaDamaged,
    MediaOutOfMemory,
    MediaTooLarge,
    MediaTooLong,
    MediaTruncated,
    NotMedia,
    TooManyFrames,
    TooManyStreams,
    UnsupportedCodec,
)
from moderation.media.limits import MediaLimits, ReadingPlan
from moderation.media.sampling import THUMB_HEIGHT, THUMB_WIDTH, Sampler
from moderation.media.sniff import Container
from moderation.media.sound import SoundTrack

Emit = Callable[[str, Mapping[str, Any], memoryview], None]
_NOTHING = memoryview(b"")
VIDEO_CODECS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mjpeg", "png", "prores"}
)
AUDIO_CODECS = frozenset({"aac", "mp3", "opus", "vorbis", "flac", "alac", "ac3", "eac3"})
# A file is cut short when what was decoded ends this much before what the header promised, in seconds and as a share.
SLACK_S, SLACK_SHARE = 0.5, 0.05


def decode_movie(
    path: Path, container: Container, limits: MediaLimits, plan: ReadingPlan, emit: Emit
) -> None:
    """Emit `info`, frames and sound as they come, and `end`. Raises `MediaRejected` subclasses."""
    av.logging.set_level(av.logging.PANIC)
    try:
        with av.open(
            str(path),
            format=container.demuxer,
            options={"max_pixels": str(limits.max_video_pixels), "threads": "1"},
            container_options=_container_options(container, plan),
        ) as opened:
            _Movie(opened, container, limits, plan, emit).decode()
    except av.error.MemoryError as error:
        raise MediaOutOfMemory from error
    except av.error.FFmpegError as error:
        raise MediaDamaged(type(error).__name__) from error


class _Movie:
    """One pass over one file."""

    def __init__(
        self, opened: Any, container: Container, limits: MediaLimits, plan: ReadingPlan, emit: Emit
    ) -> None:
        self.opened, self.container, self.limits, self.plan, self.emit = opened, container, limits, plan, emit
        self.covers = [stream for stream in opened.streams.video if _is_cover(stream)]
        self.video = _only([stream for stream in opened.streams.video if not _is_cover(stream)])
        self.audio = _only(list(opened.streams.audio))
        self.sampler = Sampler(per_second=plan.frames_per_second, max_frames=limits.max_sampled_frames)
        self.start_s = float(max(opened.start_time or 0, 0)) / float(av.time_base)
        self.frames = 0
        self.end_s = 0.0
        self.turned: int | None = None
        self.sound = SoundTrack(
            plan.audio_rate, plan.audio_channels, limits.max_duration_s, emit,
            start_s=self.start_s if plan.follow_edits else None,
        )  # fmt: skip

    def decode(self) -> None:
        """The whole pass."""
        self._check_streams()
        self._emit_info(0)
        wanted = [stream for stream in (self.video, self.audio, *self.covers) if stream is not None]
        for packet in self.opened.demux(wanted):
            if packet.is_corrupt:
                raise MediaDamaged(f"packet at byte {packet.pos}")
            for frame in packet.decode():
                self._take(packet.stream, frame)
        self.sound.flush()
        self._check_complete()
        duration_s = max(self.end_s, self.sound.end_s)
        self.emit("end", {"frames": self.frames, "duration_s": duration_s}, _NOTHING)

    def _take(self, stream: Any, frame: Any) -> None:
        if isinstance(frame, av.AudioFrame):
            self.sound.take(frame)
        elif stream in self.covers:
            self._emit_frame(frame, 0.0, scene=True)
        else:
            self._take_picture(frame)

    def _take_picture(self, frame: Any) -> None:
        time_s = self._time_of(frame)
        self.frames += 1
        if self.frames > self.limits.max_decoded_frames:
            raise TooManyFrames(f"more than {self.limits.max_decoded_frames} frames")
        self.end_s = max(self.end_s, time_s + self._frame_s())
        if self.end_s > self.limits.max_duration_s + SLACK_S:
            raise MediaTooLong(
                f"a frame until {self.end_s:.0f} s, at most {self.limits.max_duration_s:.0f} s"
            )
        turn = round((frame.rotation or 0) / 90) % 4
        if turn != (self.turned or 0):
            self._emit_info(turn)
        self.turned = turn
        wanted, scene = (True, False) if self.plan.every_frame else self._sampled(frame, time_s)
        if wanted and self.plan.planar:
            self._emit_planes(frame, time_s)
        elif wanted:
            self._emit_frame(frame, time_s, scene=scene)

    def _sampled(self, frame: Any, time_s: float) -> tuple[bool, bool]:
        small = frame.reformat(width=THUMB_WIDTH, height=THUMB_HEIGHT, format="gray", interpolation="AREA")
        return self.sampler.take(time_s, small.to_ndarray())

    def _emit_frame(self, frame: Any, time_s: float, *, scene: bool) -> None:
        width, height = _fit(frame.width, frame.height, self.plan.max_side)
        picture = frame.reformat(
            width=width, height=height, format="rgb24", interpolation="AREA"
        ).to_ndarray()
        upright: NDArray[np.uint8] = np.ascontiguousarray(np.rot90(picture, self.turned or 0))
        fields = {"time_s": time_s, "height": upright.shape[0], "width": upright.shape[1], "scene": scene}
        self.emit("frame", fields, upright.data)

    def _emit_planes(self, frame: Any, time_s: float) -> None:
        as_is = planar.taken_as_is(frame)
        packed = frame.to_ndarray() if as_is else planar.from_rgb(frame.to_ndarray(format="rgb24"))
        upright = np.ascontiguousarray(planar.turned(packed, self.turned or 0))
        rows, width = upright.shape
        self.emit("planes", {"time_s": time_s, "rows": rows, "width": width}, upright.data)

    def _emit_info(self, turn: int) -> None:
        width, height = (self.video.width, self.video.height) if self.video is not None else (0, 0)
        if turn % 2:
            width, height = height, width
        self.emit(
            "info",
            {
                "kind": "video" if self.video is not None else "audio",
                "container": self.container.name,
                "width": width,
                "height": height,
                "duration_s": self._declared_s(),
                "fps": self._fps(),
                "frames": 0,
                "has_audio": self.audio is not None,
            },
            _NOTHING,
        )

    def _check_streams(self) -> None:
        if len(self.opened.streams) > self.limits.max_streams:
            raise TooManyStreams(f"{len(self.opened.streams)} tracks")
        if self.video is None and self.audio is None:
            raise NotMedia("no picture and no sound")
        for stream in (self.video, *self.covers):
            if stream is not None:
                self._check_picture(stream)
        if self.audio is not None:
            name = _codec_name(self.audio)
            if name not in AUDIO_CODECS and not name.startswith("pcm_"):
                raise UnsupportedCodec(name)
        declared_s = self._declared_s()
        if declared_s > self.limits.max_duration_s:
            raise MediaTooLong(f"{declared_s:.0f} s, at most {self.limits.max_duration_s:.0f} s")

    def _check_picture(self, stream: Any) -> None:
        name, pixels = _codec_name(stream), stream.width * stream.height
        if name not in VIDEO_CODECS:
            raise UnsupportedCodec(name)
        if pixels > self.limits.max_video_pixels:
            raise MediaTooLarge(
                f"{stream.width} × {stream.height} px, at most {self.limits.max_video_pixels} pixels"
            )
        if pixels == 0:
            raise MediaDamaged("no picture size")

    def _check_complete(self) -> None:
        if self.frames == 0 and not self.sound.heard:
            raise MediaTruncated("nothing could be decoded")
        if self.video is not None and self.frames == 0:
            raise MediaTruncated("no picture could be decoded")
        declared_s, decoded_s = self._declared_s(), max(self.end_s, self.sound.end_s)
        if decoded_s < declared_s - max(SLACK_S, SLACK_SHARE * declared_s):
            raise MediaTruncated(f"{decoded_s:.1f} of {declared_s:.1f} s")

    def _declared_s(self) -> float:
        return max(float(self.opened.duration or 0) / float(av.time_base), 0.0)

    def _fps(self) -> float:
        rate = self.video.average_rate if self.video is not None else None
        return float(rate) if rate else 0.0

    def _frame_s(self) -> float:
        fps = self._fps()
        return 1.0 / fps if fps else 0.0

    def _time_of(self, frame: Any) -> float:
        if frame.pts is None or frame.time_base is None:
            return self.frames * (self._frame_s() or 0.04)
        time_s = float(frame.pts * frame.time_base)
        if self.frames == 0 and not self.plan.follow_edits:
            self.start_s = (
                time_s  # the edit list that would have taken off the encoder's delay is not followed
            )
        return max(time_s - self.start_s, 0.0)


def _container_options(container: Container, plan: ReadingPlan) -> dict[str, str]:
    """Nothing but the file itself is opened. What an edit list would hide is read too, unless the plan says not to."""
    options = {"protocol_whitelist": "file"}
    if container.demuxer == "mov" and not plan.follow_edits:
        options["ignore_editlist"] = "1"
    return options


def _only(streams: list[Any]) -> Any | None:
    if len(streams) > 1:
        raise TooManyStreams(f"{len(streams)} {streams[0].type} tracks")
    return streams[0] if streams else None


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _codec_name(stream: Any) -> str:
    context = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else "unknown"


def _fit(width: int, height: int, max_side: int) -> tuple[int, int]:
    """The size scaled so that the longer side is `max_side` at most; 0 keeps it."""
    longest = max(width, height)
    if not max_side or longest <= max_side:
        return width, height
    return max(1, round(width * max_side / longest)), max(1, round(height * max_side / longest))
