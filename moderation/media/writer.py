"""Writing an mp4: H.264 and AAC from pictures and samples we hold, and nothing else in the file.

No metadata of any source gets in, since only pixels and samples do.
"""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from moderation.media import planar

# The clock of MPEG systems (ISO/IEC 13818-1 §2.4.2.1): every common frame rate is a whole number of its ticks.
TICKS_PER_SECOND = 90_000
AUDIO_CHUNK = 1024
# With its macroblock tree, x264 gives other bytes from run to run (seen in 4 of 10 runs; 0 of 10 without the tree).
DETERMINISTIC = "no-mbtree=1"
_LAYOUTS = {1: "mono", 2: "stereo"}


class Mp4Writer:
    """A context manager; the file is complete when the block ends, and gone when it ends by an exception.

    `preset` and `crf` are x264's. One thread: workers run side by side.
    """

    def __init__(
        self,
        target: Path,
        *,
        width: int,
        height: int,
        fps: float,
        audio_rate: int = 0,
        audio_channels: int = 2,
        preset: str = "veryfast",
        crf: int = 20,
    ) -> None:
        self._target = target
        self._width, self._height = width - width % 2, height - height % 2
        self._out = av.open(
            str(target), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        )
        self._video = self._add_video(fps, preset, crf)
        self._audio = self._add_audio(audio_rate, audio_channels) if audio_rate else None
        self._last_pts = -1
        self._samples = 0
        self.frames = 0

    def picture(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        """Add uint8[h, w, 3] shown from `time_s`; times that do not grow are moved by one tick. Odd edges lose a line."""
        self.planes(planar.from_rgb(rgb), time_s)

    def planes(self, packed: planar.Packed, time_s: float) -> None:
        """As `picture`, for planes uint8[h * 3 / 2, w] of the writer's size (see `media.planar`)."""
        frame = av.VideoFrame.from_ndarray(packed, format="yuv420p")
        self._last_pts = max(round(time_s * TICKS_PER_SECOND), self._last_pts + 1)
        frame.pts, frame.time_base = self._last_pts, Fraction(1, TICKS_PER_SECOND)
        self._out.mux(self._video.encode(frame))
        self.frames += 1

    def sound(self, samples: NDArray[np.float32]) -> None:
        """Append float32[n, channels] in [-1, 1] (clipped) at the rate given at the start."""
        assert self._audio is not None, "opened without sound"
        for start in range(0, len(samples), AUDIO_CHUNK):
            part = np.clip(samples[start : start + AUDIO_CHUNK], -1.0, 1.0)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(part, np.float32).reshape(1, -1),
                format="flt",
                layout=_LAYOUTS[part.shape[1]],
            )
            frame.sample_rate, frame.pts = self._audio.rate, self._samples
            frame.time_base = Fraction(1, self._audio.rate)
            self._samples += len(part)
            self._out.mux(self._audio.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for stream in (self._video, self._audio):
                    if stream is not None:
                        self._out.mux(stream.encode(None))
        finally:
            self._out.close()
            if kind is not None:
                self._target.unlink(missing_ok=True)

    def _add_video(self, fps: float, preset: str, crf: int) -> Any:
        rate = Fraction(fps).limit_denominator(1001) if fps > 0 else Fraction(25)
        stream: Any = self._out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
        stream.codec_context.thread_count = 1
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.color_primaries = ColorPrimaries.BT709
        stream.codec_context.color_trc = ColorTrc.BT709
        keyframe_every = str(max(1, round(2 * float(rate))))
        stream.options = {
            "preset": preset,
            "crf": str(crf),
            "g": keyframe_every,
            "x264-params": DETERMINISTIC,
        }
        return stream

    def _add_audio(self, rate: int, channels: int) -> Any:
        stream: Any = self._out.add_stream("aac", rate=rate)
        stream.codec_context.layout = _LAYOUTS[channels]
        stream.codec_context.bit_rate = 128_000
        return stream
