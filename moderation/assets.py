"""The asset store: media files addressed by their sha256, first in `staging/`, then in `objects/`.

A file appears under its address complete or not at all (temporary file, fsync, rename), so a crash leaves an orphan in
staging, never half an asset. Whoever holds an address holds the content: the bytes are hashed on the way in.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, ClassVar

from moderation.asset_cache import AssetCache, WrongContent
from moderation.asset_files import TEMPORARY, AssetFiles, FolderFiles
from moderation.asset_remote import RemoteFiles
from moderation.asset_s3 import SCHEMES, S3Access, S3Files
from moderation.errors import Kind, ServiceError

STAGING, OBJECTS = "staging", "objects"
SHELVES = tuple(f"{number:02x}" for number in range(256))
"""The folders of `objects`, by the first two digits of the address."""
CACHE_BYTES = 10 * 1024**3
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


class AssetError(ServiceError):
    """Base of the errors of the store."""

    code: ClassVar[str] = "asset.error"


class HashMismatch(AssetError):
    """The bytes are not the ones the address names."""

    code = "asset.hash_mismatch"


class AssetMissing(AssetError):
    """Nothing is stored under this address."""

    code = "asset.missing"
    kind = Kind.NOT_FOUND


class AssetTooLarge(AssetError):
    """The stream is longer than this kind of upload may be."""

    code = "asset.too_large"
    kind = Kind.TOO_LARGE


class BadAddress(AssetError):
    """An address is 64 hexadecimal digits in lower case; anything else could name a path."""

    code = "asset.bad_address"


@dataclass(frozen=True, slots=True)
class StagedAsset:
    """A complete file in staging: its address and its length in bytes."""

    sha256: str
    bytes: int


class AssetStore:
    """A store in a local folder, in S3, or behind any other fsspec URL. Of a remote one `cache` holds verified local copies, and
    every byte that is read comes from such a copy.

    Safe to share between threads and processes. Every call may raise `AssetStoreError`.
    """

    def __init__(
        self,
        location: Path | str,
        *,
        cache: Path | None = None,
        cache_bytes: int = CACHE_BYTES,
        access: S3Access | None = None,
    ) -> None:
        self._files = _open(location, access or S3Access())
        folder = cache or Path(tempfile.gettempdir()) / "safeconduct-assets"
        self.cache = (
            None if isinstance(self._files, FolderFiles) else AssetCache(folder, max_bytes=cache_bytes)
        )

    def ping(self) -> None:
        """Whether the store answers, and lets us in. Raises `AssetStoreError`."""
        self._files.ping()

    def make(self) -> None:
        """Make the folder or the bucket when it is missing."""
        self._files.make()

    def stage(self, path: Path, *, expected: str | None = None) -> StagedAsset:
        """Copy a file into staging. Raises `HashMismatch` when `expected` is given and the content is another."""
        with path.open("rb") as stream:
            return self.stage_stream(stream, expected=expected)

    def stage_stream(
        self, stream: IO[bytes], *, expected: str | None = None, limit: int | None = None
    ) -> StagedAsset:
        """Copy a stream into staging, hashing on the way. Raises `AssetTooLarge` past `limit` bytes, `HashMismatch`."""
        if expected is not None:
            check_address(expected)
        with self._files.temporary() as scratch:
            digest, length = hashlib.sha256(), 0
            with scratch.open("wb") as out:
                while chunk := stream.read(_CHUNK):
                    length += len(chunk)
                    if limit is not None and length > limit:
                        raise AssetTooLarge(
                            f"longer than {limit} bytes", field="file", remedy="send a smaller file"
                        )
                    digest.update(chunk)
                    out.write(chunk)
            address = digest.hexdigest()
            if expected not in (None, address):
                raise HashMismatch(
                    f"the content's sha256 is {address}", field="sha256", value=expected,
                    remedy="send the file again, or correct the address",
                )  # fmt: skip
            self._files.put(scratch, _staged(address))
        return StagedAsset(address, length)

    def promote(self, sha256: str) -> None:
        """Move a staged file to its permanent place. Doing it again changes nothing. Raises `AssetMissing`."""
        staged, kept = _staged(sha256), _kept(sha256)
        if self._files.exists(kept):
            self._files.remove(staged)
        elif not self._files.move(staged, kept) and not self._files.exists(kept):
            raise _missing(sha256)

    def exists(self, sha256: str) -> bool:
        """Whether the asset has been promoted."""
        return self._files.exists(_kept(sha256))

    def is_staged(self, sha256: str) -> bool:
        """Whether the asset waits in staging."""
        return self._files.exists(_staged(sha256))

    def size(self, sha256: str) -> int:
        """Bytes of the asset, promoted or staged. Raises `AssetMissing`."""
        return self._files.size(self._find(sha256))

    def open(self, sha256: str) -> IO[bytes]:
        """Read the asset, promoted or staged. Raises as `path` does. Who may read is the caller's business."""
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """A local file with the asset's bytes; only for reading. Of a remote store, a copy that was hashed on arrival.

        Raises `AssetMissing`, or `HashMismatch` when the remote bytes are not the ones named.
        """
        name = self._find(sha256)
        try:
            return self._local(sha256, name)
        except FileNotFoundError:  # promoted, or removed, since we looked
            return self._local(sha256, self._find(sha256))

    def verify(self, sha256: str) -> None:
        """Hash the stored bytes themselves, not a copy. Raises `AssetMissing` or `HashMismatch`."""
        name = self._find(sha256)
        with tempfile.TemporaryDirectory(prefix="safeconduct-verify-") as folder:
            path = self._files.local(name)
            if path is None:
                path = Path(folder) / "asset"
                self._files.fetch(name, path)
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != sha256:
            raise _rotten(sha256, found)

    def remove(self, sha256: str) -> bool:
        """Delete the asset wherever it is, and our copy; whether there was anything to delete in the store."""
        removed = [self._files.remove(name) for name in (_kept(sha256), _staged(sha256))]
        if self.cache is not None:
            self.cache.drop(sha256)
        return any(removed)

    def discard(self, sha256: str, *, keep: Callable[[str], bool]) -> bool:
        """Delete the asset wherever it is, and our copy, unless `keep` claims it, asked again just before; whether it was."""
        gone = [self._collect(name, keep) for name in (_kept(sha256), _staged(sha256))]
        if self.cache is not None and not keep(sha256):
            self.cache.drop(sha256)
        return any(gone)

    def collect_staging(
        self, older_than_ms: int, *, keep: Callable[[str], bool] = lambda _sha256: False
    ) -> tuple[str, ...]:
        """Delete staged and half-written files last written before `older_than_ms` that `keep` does not claim; their names.

        `keep` must claim what a committed row refers to: such a file was committed and not yet promoted.
        """
        self._files.tidy(older_than_ms)
        waiting = [*self._files.listed(STAGING), *self._files.listed(TEMPORARY)]
        old = [name for name, written_ms in waiting if written_ms < older_than_ms]
        return tuple(name.rpartition("/")[2] for name in old if self._collect(name, keep))

    def collect_objects(
        self, shelf: str, older_than_ms: int, *, keep: Callable[[str], bool]
    ) -> tuple[str, ...]:
        """The same for the promoted files of one of `SHELVES`: orphans of a database that was restored from a backup, say."""
        old = [
            name
            for name, written_ms in self._files.listed(f"{OBJECTS}/{shelf}")
            if written_ms < older_than_ms
        ]
        return tuple(name.rpartition("/")[2] for name in old if self._collect(name, keep))

    def _collect(self, name: str, keep: Callable[[str], bool]) -> bool:
        """Put it aside, ask once more, and only then delete it: a row that names it may have been committed meanwhile."""
        folder, _, address = name.rpartition("/")
        if not _ADDRESS.fullmatch(address):
            return self._files.remove(name)
        if folder == TEMPORARY:
            return self._finish_collecting(name, keep)
        aside = f"{TEMPORARY}/{address}"
        if keep(address) or not self._files.move(name, aside):
            return False
        if keep(address):
            self._files.move(aside, name)
            return False
        return self._files.remove(aside)

    def _finish_collecting(self, aside: str, keep: Callable[[str], bool]) -> bool:
        """Of what was put aside by a process that died: it goes, or back to where it is looked for."""
        address = aside.rpartition("/")[2]
        if keep(address):
            self._files.move(aside, _kept(address))
            return False
        return self._files.remove(aside)

    def _local(self, sha256: str, name: str) -> Path:
        if self.cache is None:
            path = self._files.local(name)
            assert path is not None, "a store without a cache has its files on this machine"
            return path
        try:
            return self.cache.copy(sha256, partial(self._files.fetch, name))
        except WrongContent as error:
            raise _rotten(sha256, error.found) from error

    def _find(self, sha256: str) -> str:
        for name in (_kept(sha256), _staged(sha256), _kept(sha256)):  # promoted between the first two looks
            if self._files.exists(name):
                return name
        raise _missing(sha256)


def check_address(sha256: str) -> str:
    """`sha256` itself. Raises `BadAddress` unless it is 64 lower-case hexadecimal digits."""
    if not _ADDRESS.fullmatch(sha256):
        raise BadAddress("not a sha256", field="sha256", value=sha256, remedy="send 64 lower-case hex digits")
    return sha256


def _open(location: Path | str, access: S3Access) -> AssetFiles:
    if isinstance(location, Path) or "://" not in location:
        return FolderFiles(Path(location))
    if location.startswith("file://"):
        return FolderFiles(Path(location.removeprefix("file://")))
    if location.startswith(SCHEMES):
        return S3Files(location, access)
    return RemoteFiles(location)


def _staged(sha256: str) -> str:
    return f"{STAGING}/{check_address(sha256)}"


def _kept(sha256: str) -> str:
    return f"{OBJECTS}/{check_address(sha256)[:2]}/{sha256}"


def _missing(sha256: str) -> AssetMissing:
    return AssetMissing(
        "nothing is stored under this address", field="sha256", value=sha256, remedy="upload it"
    )


def _rotten(sha256: str, found: str) -> HashMismatch:
    return HashMismatch(
        f"the stored bytes have sha256 {found}",
        field="sha256",
        value=sha256,
        remedy="restore it from a backup",
    )
