"""Where the asset store keeps its bytes: the port, and the local folder behind it.

The folder is written with the operating system's own calls: fsspec offers no fsync and no atomic rename.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from moderation.errors import OperatorError

PROBE_BYTES = 4096
TEMPORARY = "tmp"


class AssetStoreError(OperatorError):
    """Base: the store itself does not work. It says nothing of an asset, so whatever needs one waits and asks again."""

    code = "asset_store.error"


class AssetStoreUnavailable(AssetStoreError):
    """The store does not answer, or answers that it cannot now."""

    code = "asset_store.unavailable"


class AssetStoreDenied(AssetStoreError):
    """The store refuses our credentials."""

    code = "asset_store.denied"


class AssetBucketMissing(AssetStoreError):
    """The store has no such bucket, or there is no such folder and it cannot be made."""

    code = "asset_store.bucket_missing"


class AssetStoreMisconfigured(AssetStoreError):
    """The settings name a store that cannot be used."""

    code = "asset_store.misconfigured"


class AssetFiles(Protocol):
    """Files by relative names with forward slashes. A name appears complete or not at all. Every call may raise
    `AssetStoreError`."""

    def make(self) -> None:
        """Make the root when it is missing."""
        ...

    def ping(self) -> None:
        """Returns when the store answers and can be written to, as far as it tells."""
        ...

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

    def local(self, name: str) -> Path | None:
        """Its path on this machine, if it has one."""
        ...

    def fetch(self, name: str, target: Path) -> None:
        """Copy it to `target`. Raises `FileNotFoundError`."""
        ...

    def remove(self, name: str) -> bool:
        """Delete it; False when there was none."""
        ...

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Names directly in `folder`, each with the time of its last write in milliseconds since the epoch."""
        ...

    def tidy(self, older_than_ms: int) -> int:
        """Drop what uploads begun before then left unfinished and no name shows; how many there were."""
        ...


class FolderFiles:
    """A folder of this machine. Files and the folders that name them are fsynced before a write counts as done."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def make(self) -> None:
        """The folder."""
        self.root.mkdir(parents=True, exist_ok=True)

    def ping(self) -> None:
        """The folder is there or can be made, and takes a file with something in it: a full disk still takes empty ones."""
        try:
            with self.temporary() as scratch:
                scratch.write_bytes(bytes(PROBE_BYTES))
                return
        except OSError as error:
            raise AssetBucketMissing(
                f"the folder cannot be written to ({type(error).__name__})", field="SAFECONDUCT_ASSET_URL",
                value=self.root, remedy="mount it, or let this user write there",
            ) from error  # fmt: skip

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

    def local(self, name: str) -> Path | None:
        """The file itself."""
        return self.root / name

    def fetch(self, name: str, target: Path) -> None:
        """Copy it."""
        shutil.copyfile(self.root / name, target)

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

    def tidy(self, older_than_ms: int) -> int:
        """Nothing: what was left half-written lies in `tmp/`, under a name."""
        return 0

    def _at(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
