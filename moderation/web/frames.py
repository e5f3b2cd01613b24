"""Frames of a file as small JPEGs: decoded once in the sandbox, kept by sha256, the oldest files forgotten first.

A browser of ours never decodes an upload: it gets what came out of the sandbox, encoded anew.
"""

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
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
FOLDER = "frames"
"""Under the service's home. Whoever tidies copies of what was erased opens the same folder."""
_DRAFT, _GONE = ".draft-", ".gone-"
_LEFT_BEHIND_S = 3600.0
_LOCKS = 64


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
        self._turns = [threading.Lock() for _ in range(_LOCKS)]

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

    def idle(self) -> tuple[str, ...]:
        """Addresses of the files that frames are kept of."""
        return tuple(folder.name for folder in self._kept())

    def drop(self, sha256: str) -> None:
        """Delete the frames of a file, if there are any: out of sight at once, so that nobody reads half of them."""
        with suppress(FileNotFoundError):
            gone = Path(tempfile.mkdtemp(prefix=_GONE, dir=self._folder))
            with suppress(FileNotFoundError):
                (self._folder / sha256).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def _index(self, sha256: str, path: Path) -> FrameIndex:
        with self._turns[int(sha256[:2], 16) % _LOCKS]:
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
            os.utime(file)
        except FileNotFoundError:
            return None
        return FrameIndex(raw["kind"], raw["duration_s"], tuple(raw["times_ms"]))

    def _extract(self, sha256: str, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self._folder))
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
        for folder in self._folder.glob(".*"):
            with suppress(FileNotFoundError):  # what a process that died left half-made or half-deleted
                if time.time() - folder.stat().st_mtime > _LEFT_BEHIND_S:
                    shutil.rmtree(folder, ignore_errors=True)
        total = 0
        for folder in reversed(self._kept()):
            total += sum(file.stat().st_size for file in folder.iterdir())
            if total > self._max_bytes:
                self.drop(folder.name)

    def _kept(self) -> list[Path]:
        """Looked at longest ago first."""
        found = []
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(FileNotFoundError, NotADirectoryError):
                if not folder.name.startswith("."):
                    found.append(((folder / INDEX).stat().st_mtime, folder))
        return [folder for _, folder in sorted(found)]


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
