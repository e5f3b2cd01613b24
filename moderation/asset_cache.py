"""Local copies of remote assets: hashed on arrival, the least recently used thrown out when there are too many bytes."""

import hashlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from moderation.errors import shorten

IN_USE_S = 60.0
"""A copy handed out this lately may be about to be opened, and stays."""
_PARTIAL = "partial-"
_OURS = re.compile(rf"[0-9a-f]{{64}}|{_PARTIAL}.*")
_LOCKS = 64


class WrongContent(Exception):
    """What arrived has another sha256 than its address."""

    def __init__(self, found: str) -> None:
        super().__init__(shorten(found))
        self.found = found


class AssetCache:
    """Copies in one folder, named by address. Processes may share the folder; each keeps `max_bytes`."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self.folder, self._max_bytes = folder, max_bytes
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def copy(self, sha256: str, fetch: Callable[[Path], None]) -> Path:
        """The local copy, made by `fetch` when there is none. Raises `WrongContent`, and whatever `fetch` raises."""
        target = self.folder / sha256
        with self._locks[int(sha256[:2], 16) % _LOCKS]:
            try:
                os.utime(target)
            except FileNotFoundError:
                self._bring(sha256, target, fetch)
        return target

    def drop(self, sha256: str) -> None:
        """Delete the copy, if there is one."""
        (self.folder / sha256).unlink(missing_ok=True)

    def idle(self) -> tuple[str, ...]:
        """Addresses of the copies not in use just now."""
        return tuple(path.name for _, _, path in self._oldest_first() if not path.name.startswith(_PARTIAL))

    def _bring(self, sha256: str, target: Path, fetch: Callable[[Path], None]) -> None:
        with self._scratch() as scratch:
            fetch(scratch)
            with scratch.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != sha256:
                raise WrongContent(found)
            scratch.chmod(0o600)
            scratch.replace(target)
        self._make_room()

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=_PARTIAL)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _make_room(self) -> None:
        with suppress(FileNotFoundError):
            over = sum(path.stat().st_size for path in self._copies()) - self._max_bytes
            for _, size, path in self._oldest_first():
                if over <= 0:
                    return
                path.unlink(missing_ok=True)
                over -= size

    def _oldest_first(self) -> list[tuple[float, int, Path]]:
        """Used longest ago first, without what is in use; a download that was killed is there, too."""
        found = []
        for path in self._copies():
            with suppress(FileNotFoundError):
                stat = path.stat()
                if time.time() - stat.st_mtime > IN_USE_S:
                    found.append((stat.st_mtime, stat.st_size, path))
        return sorted(found)

    def _copies(self) -> list[Path]:
        """What is ours in the folder: anything else there is neither counted nor deleted."""
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return [path for path in found if _OURS.fullmatch(path.name)]
