"""Where the asset store keeps its bytes: a local folder with durable renames, or any file system fsspec knows.

The local folder is written with the operating system's own calls, because fsspec offers no fsync and no atomic rename.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol, cast

import fsspec

TEMPORARY = "tmp"


class AssetFiles(Protocol):
    """Files by relative names with forward slashes. A name appears complete or not at all."""

    def temporary(self) -> AbstractContextManager[Path]:
        """A local scratch file, gone afterwards unless `put` took it."""
        ...

    def put(self, scratch: Path, name: str) -> None:
        """Make the scratch file appear as `name`, durably, replacing what was there."""
        ...

    def move(self, source: str, target: str) -> bool:
        """Rename; False when there is no `source`."""
        ...

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        ...

    def size(self, name: str) -> int:
        """Its bytes."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Read it."""
        ...

    def local(self, name: str) -> Path | None:
        """Its path on this machine, if it has one."""
        ...

    def remove(self, name: str) -> bool:
        """Delete it; False when there was none."""
        ...

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Names directly in `folder`, each with the time of its last write in milliseconds since the epoch."""
        ...


class FolderFiles:
    """A folder of this machine. Files and the folders that name them are fsynced before a write counts as done."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A file in `tmp/` of the same file system, so that the rename is atomic."""
        folder = self.root / TEMPORARY
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def put(self, scratch: Path, name: str) -> None:
        """fsync the bytes, rename, fsync the folder."""
        with scratch.open("rb") as stream:
            os.fsync(stream.fileno())
        scratch.chmod(0o640)
        target = self._at(name)
        scratch.replace(target)
        _fsync_folder(target.parent)

    def move(self, source: str, target: str) -> bool:
        """Rename within the folder, durably."""
        path = self._at(target)
        try:
            (self.root / source).replace(path)
        except FileNotFoundError:
            return False
        _fsync_folder(path.parent)
        return True

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.root / name).is_file()

    def size(self, name: str) -> int:
        """Its bytes."""
        return (self.root / name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """Read it."""
        return (self.root / name).open("rb")

    def local(self, name: str) -> Path | None:
        """The file itself."""
        return self.root / name

    def remove(self, name: str) -> bool:
        """Delete it."""
        with suppress(FileNotFoundError):
            (self.root / name).unlink()
            return True
        return False

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Files only; a file that vanishes meanwhile is left out."""
        base = self.root / folder
        for path in sorted(base.iterdir()) if base.is_dir() else ():
            with suppress(FileNotFoundError):
                yield f"{folder}/{path.name}", int(path.stat().st_mtime * 1000)

    def _at(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class RemoteFiles:
    """Any fsspec file system, named by a URL such as `s3://bucket/prefix`. Its own puts are atomic per object."""

    def __init__(self, url: str) -> None:
        filesystem, root = fsspec.core.url_to_fs(url)
        self._fs: Any = filesystem  # fsspec publishes no types
        self._root = str(root).rstrip("/")

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A local file; it is uploaded by `put`."""
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder) / "asset"

    def put(self, scratch: Path, name: str) -> None:
        """Upload."""
        self._fs.makedirs(self._at(name).rpartition("/")[0], exist_ok=True)
        self._fs.put_file(str(scratch), self._at(name))

    def move(self, source: str, target: str) -> bool:
        """Copy and delete on most object stores; the copy is complete before the source goes."""
        self._fs.makedirs(self._at(target).rpartition("/")[0], exist_ok=True)
        try:
            self._fs.mv(self._at(source), self._at(target))
        except FileNotFoundError:
            return False
        return True

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return bool(self._fs.isfile(self._at(name)))

    def size(self, name: str) -> int:
        """Its bytes."""
        return int(self._fs.size(self._at(name)))

    def open(self, name: str) -> IO[bytes]:
        """Read it."""
        return cast(IO[bytes], self._fs.open(self._at(name), "rb"))

    def local(self, name: str) -> Path | None:
        """None: it has no path on this machine."""
        del name
        return None

    def remove(self, name: str) -> bool:
        """Delete it."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))
            return True
        return False

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Files only; a store that does not tell when a file was written counts it as written now (never collected)."""
        with suppress(FileNotFoundError):
            for info in self._fs.ls(self._at(folder), detail=True, refresh=True):
                if info["type"] == "file":
                    yield f"{folder}/{info['name'].rpartition('/')[2]}", self._written_ms(info["name"])

    def _written_ms(self, path: str) -> int:
        try:
            return int(self._fs.modified(path).timestamp() * 1000)
        except (NotImplementedError, FileNotFoundError):
            return 1 << 62

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
