"""The way into a media file: starts the sandbox, hands out what it sends, and outlives whatever happens to it.

Time spent here waiting for the decoder counts against the limit; time the caller spends on a frame does not.
"""

import fcntl
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from moderation.media import wire
from moderation.media.errors import REASONS, MediaCrashed, MediaRejected, MediaTimedOut
from moderation.media.limits import FOR_CHECKS, MediaLimits, ReadingPlan
from moderation.media.types import MediaInfo, MediaKind, PlanarFrame, SampledFrame, SoundChunk

Item = SampledFrame | PlanarFrame | SoundChunk

SANDBOX = (sys.executable, "-s", "-m", "moderation.media.sandbox")
PIPE_BYTES = 1 << 20
"""As much as Linux lets an ordinary user ask for (fs.pipe-max-size)."""
_ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def open_media(
    path: Path,
    *,
    limits: MediaLimits = MediaLimits(),  # noqa: B008  a frozen value
    plan: ReadingPlan = FOR_CHECKS,
    sandbox: Sequence[str] = SANDBOX,
) -> Iterator["MediaReader"]:
    """Decode `path` once. Raises `MediaRejected` here for what the header tells, and from the iterators for the rest.

    Raises `FileNotFoundError` when there is no such file. Leaving the block ends the sandbox, read to the end or not.
    """
    request = {"path": str(path.resolve(strict=True)), "limits": asdict(limits), "plan": asdict(plan)}
    child = subprocess.Popen(
        [*sandbox, json.dumps(request)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_environment(),
    )
    _widen(child)
    try:
        yield MediaReader(child, limits, plan)
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def _widen(child: "subprocess.Popen[bytes]") -> None:
    """Let the pipe hold most of a frame: fewer changes between the two processes. Where that is not allowed it stays small."""
    assert child.stdout is not None
    with suppress(OSError):
        fcntl.fcntl(child.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


class MediaReader:
    """An open media file. One thread, one pass: take the frames, then the sound, which is collected meanwhile."""

    def __init__(self, child: "subprocess.Popen[bytes]", limits: MediaLimits, plan: ReadingPlan) -> None:
        self._pipe = _Pipe(child, limits)
        self._limits, self._plan = limits, plan
        self._sound: list[SoundChunk] = []
        self._ended = False
        first = self._next()
        if not isinstance(first, MediaInfo):
            raise MediaCrashed("no header")
        self._info = first

    @property
    def info(self) -> MediaInfo:
        """What is known of the file so far; see `MediaInfo`."""
        return self._info

    def frames(self) -> Iterator[SampledFrame]:
        """The pictures in the order of the file. Raises `MediaRejected` when the rest cannot be read."""
        for item in self.items():
            if isinstance(item, SampledFrame):
                yield item
            elif isinstance(item, SoundChunk):
                self._sound.append(item)

    def items(self) -> Iterator[Item]:
        """Pictures and sound as they come, none of it kept. Planar frames come only here, and only where the plan asks."""
        while not self._ended:
            item = self._next()
            if isinstance(item, MediaInfo):
                self._info = item
            elif item is not None:
                yield item

    def sound(self) -> NDArray[np.float32]:
        """All sound from the beginning of the file as float32[n] (mono) or float32[n, channels]; empty when there is none.

        Reads what is left of the file; pictures not taken before are lost.
        """
        for _ in self.frames():
            pass
        channels = max(self._plan.audio_channels, 1)
        if not self._sound:
            whole = np.zeros((0, channels), np.float32)
        else:
            whole = np.concatenate([chunk.samples for chunk in self._sound])
        return whole[:, 0] if channels == 1 else whole

    def _next(self) -> MediaInfo | Item | None:
        """The next thing, or None at the end. Raises `MediaRejected`."""
        try:
            head, payload = self._pipe.message()
            return self._understand(head, payload)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise MediaCrashed("a message of the decoder makes no sense") from error

    def _understand(self, head: wire.Head, payload: bytearray) -> MediaInfo | Item | None:
        match head["event"]:
            case "info":
                return _info(head)
            case "frame":
                return _frame(head, payload)
            case "planes":
                return _planes(head, payload)
            case "sound":
                return _chunk(head, payload)
            case "end":
                self._ended = True
                seconds, frames = _finite(head["duration_s"]), int(head["frames"])
                self._info = replace(self._info, duration_s=seconds, frames=frames)
                return None
            case "rejected":
                raise REASONS.get(str(head["code"]), MediaCrashed)(_printable(head["detail"]))
        raise ValueError(f"unknown event {head['event']!r}")


class _Pipe:
    """Reads whole messages from the sandbox, and counts the time spent waiting for it."""

    def __init__(self, child: "subprocess.Popen[bytes]", limits: MediaLimits) -> None:
        assert child.stdout is not None
        self._child = child
        self._handle = child.stdout.fileno()
        self._left_s = limits.wall_s
        self._max_payload = 3 * max(limits.max_image_pixels, limits.max_video_pixels)
        self._poll = select.poll()
        self._poll.register(self._handle, select.POLLIN)

    def message(self) -> tuple[wire.Head, bytearray]:
        """Head and payload. Raises `MediaRejected`, or `ValueError` for a message that makes no sense."""
        lengths = wire.unpack_prefix(bytes(self._exactly(wire.PREFIX.size)), self._max_payload)
        head = wire.unpack_head(bytes(self._exactly(lengths[0])))
        return head, self._exactly(lengths[1])

    def _exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        view = memoryview(data)
        while view:
            began = time.monotonic()
            ready = self._poll.poll(max(self._left_s, 0) * 1000)
            self._left_s -= time.monotonic() - began
            if not ready:
                raise MediaTimedOut("no answer within the time allowed")
            got = os.readv(self._handle, [view])
            if got == 0:
                raise self._died()
            view = view[got:]
        return data

    def _died(self) -> MediaRejected:
        try:
            status = self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return MediaCrashed("closed its output")
        if status == -signal.SIGXCPU:
            return MediaTimedOut("CPU time")
        return MediaCrashed(signal.Signals(-status).name if status < 0 else f"exit status {status}")


def _info(head: wire.Head) -> MediaInfo:
    if head["kind"] not in get_args(MediaKind):
        raise ValueError("unknown kind")
    return MediaInfo(
        kind=head["kind"],
        container=_printable(head["container"]),
        width=int(head["width"]),
        height=int(head["height"]),
        duration_s=_finite(head["duration_s"]),
        fps=_finite(head["fps"]),
        frames=int(head["frames"]),
        has_audio=bool(head["has_audio"]),
    )


def _frame(head: wire.Head, payload: bytearray) -> SampledFrame:
    shape = (int(head["height"]), int(head["width"]), 3)
    rgb = np.frombuffer(payload, np.uint8).reshape(shape)
    if rgb.size == 0:
        raise ValueError("empty frame")
    return SampledFrame(_finite(head["time_s"]), rgb, bool(head["scene"]))


def _planes(head: wire.Head, payload: bytearray) -> PlanarFrame:
    rows, width = int(head["rows"]), int(head["width"])
    if rows <= 0 or rows % 3 or width <= 0 or width % 2:
        raise ValueError("no planes")
    return PlanarFrame(_finite(head["time_s"]), np.frombuffer(payload, np.uint8).reshape(rows, width))


def _chunk(head: wire.Head, payload: bytearray) -> SoundChunk:
    samples = np.frombuffer(payload, np.float32).reshape(-1, int(head["channels"]))
    return SoundChunk(_finite(head["start_s"]), samples, int(head["rate"]))


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError("not a time")
    return number


def _printable(value: Any, limit: int = 80) -> str:
    return "".join(letter for letter in str(value)[:limit] if letter.isprintable())


def _environment() -> dict[str, str]:
    """Nothing of the service's environment reaches the decoder: there may be secrets in it."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(_ROOT),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "LC_ALL": "C.UTF-8",
    }
