"""Frames of a file as small JPEGs: decoded once in the sandbox, kept by sha256, the oldest files forgotten first.

A browser of ours never decodes an upload: it gets what came out of the sandbox, encoded anew.
"""

import json
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from moderation.errors import Kind, ServiceError
from moderation.media.limits import MediaLimits, ReadingPlan
from moderation.media.reader import open_media

PLAN = ReadingPlan(max_side=640, audio_channels=0)
"""As densely as the checks look, so that the frame of every finding is there."""
NEAR_MS = 600
QUALITY = 80
INDEX = "index.json"


class FrameMissing(ServiceError):
    """The file has no frame at this time."""

    code = "frame.missing"
    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """What lies in the cache for one file: the times of its frames in milliseconds, its kind and its length in seconds."""

    kind: str
    duration_s: float
    times_ms: tuple[int, ...]


class Frames:
    """A cache in `folder` of at most about `max_bytes`. `path_of` gives the local file of a sha256. Threads may share it."""

    def __init__(
        self, folder: Path, path_of: Callable[[str], Path], *, max_bytes: int = 512 * 1024**2
    ) -> None:
        self._folder = folder
        self._path_of = path_of
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}

    def jpeg(self, sha256: str, time_ms: int) -> bytes:
        """The frame nearest to `time_ms`. Raises `FrameMissing`, `MediaRejected`, or what `path_of` raises."""
        path = self._path_of(sha256)  # also when cached: what the store has no more is shown no more
        index = self._index(sha256, path)
        nearest = min(index.times_ms, key=lambda known: abs(known - time_ms), default=None)
        if nearest is None or (abs(nearest - time_ms) > NEAR_MS and index.kind != "image"):
            raise FrameMissing(
                "the file has no frame at this time", field="time", value=time_ms, remedy="take another time"
            )
        return (self._folder / sha256 / f"{nearest}.jpg").read_bytes()

    def _index(self, sha256: str, path: Path) -> FrameIndex:
        with self._lock:
            turn = self._busy.setdefault(sha256, threading.Lock())
        with turn:
            known = self._read(sha256)
            if known is None:
                self._extract(sha256, path)
                known = self._read(sha256)
        assert known is not None
        return known

    def _read(self, sha256: str) -> FrameIndex | None:
        file = self._folder / sha256 / INDEX
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        file.touch()
        return FrameIndex(raw["kind"], raw["duration_s"], tuple(raw["times_ms"]))

    def _extract(self, sha256: str, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self._folder))
        try:
            _write_frames(path, draft)
            self._forget_oldest()
            draft.rename(self._folder / sha256)
        except OSError:
            if not (self._folder / sha256).is_dir():  # else another process was first, with the same frames
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _forget_oldest(self) -> None:
        kept = [
            folder
            for folder in self._folder.iterdir()
            if (folder / INDEX).is_file() and not folder.name.startswith(".")
        ]
        kept.sort(key=lambda folder: (folder / INDEX).stat().st_mtime, reverse=True)
        total = 0
        for folder in kept:
            total += sum(file.stat().st_size for file in folder.iterdir())
            if total > self._max_bytes:
                shutil.rmtree(folder, ignore_errors=True)


def _write_frames(path: Path, draft: Path) -> None:
    times: list[int] = []
    with open_media(path, limits=MediaLimits(), plan=PLAN) as media:
        for frame in media.frames():
            time_ms = round(frame.time_s * 1000)
            if time_ms not in times:  # a picture with transparency comes twice
                times.append(time_ms)
                Image.fromarray(frame.rgb).save(draft / f"{time_ms}.jpg", quality=QUALITY)
        info = media.info
    index = {"kind": info.kind, "duration_s": info.duration_s, "times_ms": times}
    (draft / INDEX).write_text(json.dumps(index), encoding="utf-8")
