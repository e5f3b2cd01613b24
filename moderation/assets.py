"""The asset store: media files addressed by their sha256, first in `staging/`, then in `objects/`.

A file appears under its address complete or not at all (temporary file, fsync, rename), so a crash leaves an orphan in
staging, never half an asset. Whoever holds an address holds the content: the bytes are hashed on the way in.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from moderation.asset_files import TEMPORARY, AssetFiles, FolderFiles, RemoteFiles
from moderation.errors import Kind, ServiceError

STAGING, OBJECTS = "staging", "objects"
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
    """A store in a local folder, or behind any other fsspec URL (then `cache` holds verified local copies).

    Safe to share between threads and processes.
    """

    def __init__(self, location: Path | str, *, cache: Path | None = None) -> None:
        self._files = _open(location)
        self._cache = cache

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
        """Read the asset, promoted or staged. Raises `AssetMissing`. Who may read is the caller's business."""
        return self._files.open(self._find(sha256))

    def path(self, sha256: str) -> Path:
        """A local file with the asset's bytes; only for reading. Of a remote store, a copy that was hashed on arrival.

        Raises `AssetMissing`, or `HashMismatch` when the remote bytes are not the ones named.
        """
        name = self._find(sha256)
        return self._files.local(name) or self._cached(sha256, name)

    def verify(self, sha256: str) -> None:
        """Hash the stored bytes. Raises `AssetMissing` or `HashMismatch`."""
        with self.open(sha256) as stream:
            found = _hash(stream)
        if found != sha256:
            raise _rotten(sha256, found)

    def remove(self, sha256: str) -> bool:
        """Delete the asset wherever it is; whether there was anything to delete."""
        removed = [self._files.remove(name) for name in (_kept(sha256), _staged(sha256))]
        if self._cache is not None:
            (self._cache / sha256).unlink(missing_ok=True)
        return any(removed)

    def collect_staging(
        self, older_than_ms: int, *, keep: Callable[[str], bool] = lambda _sha256: False
    ) -> tuple[str, ...]:
        """Delete staged and half-written files last written before `older_than_ms` that `keep` does not claim; their names.

        `keep` must claim what a committed row refers to: such a file was committed and not yet promoted.
        """
        waiting = [*self._files.listed(STAGING), *self._files.listed(TEMPORARY)]
        old = [name for name, written_ms in waiting if written_ms < older_than_ms]
        return tuple(name.rpartition("/")[2] for name in old if self._collect(name, keep))

    def _collect(self, name: str, keep: Callable[[str], bool]) -> bool:
        folder, _, address = name.rpartition("/")
        claimed = folder == STAGING and _ADDRESS.fullmatch(address) is not None and keep(address)
        return not claimed and self._files.remove(name)

    def _find(self, sha256: str) -> str:
        for name in (_kept(sha256), _staged(sha256), _kept(sha256)):  # promoted between the first two looks
            if self._files.exists(name):
                return name
        raise _missing(sha256)

    def _cached(self, sha256: str, name: str) -> Path:
        folder = self._cache or Path(tempfile.gettempdir()) / "safeconduct-assets"
        target = folder / sha256
        if not target.is_file():
            local = FolderFiles(folder)
            with local.temporary() as scratch, self._files.open(name) as stream:
                with scratch.open("wb") as out:
                    while chunk := stream.read(_CHUNK):
                        out.write(chunk)
                with scratch.open("rb") as copy:
                    found = _hash(copy)
                if found != sha256:
                    raise _rotten(sha256, found)
                local.put(scratch, sha256)
        return target


def check_address(sha256: str) -> str:
    """`sha256` itself. Raises `BadAddress` unless it is 64 lower-case hexadecimal digits."""
    if not _ADDRESS.fullmatch(sha256):
        raise BadAddress("not a sha256", field="sha256", value=sha256, remedy="send 64 lower-case hex digits")
    return sha256


def _open(location: Path | str) -> AssetFiles:
    if isinstance(location, Path) or "://" not in location:
        return FolderFiles(Path(location))
    if location.startswith("file://"):
        return FolderFiles(Path(location.removeprefix("file://")))
    return RemoteFiles(location)


def _staged(sha256: str) -> str:
    return f"{STAGING}/{check_address(sha256)}"


def _kept(sha256: str) -> str:
    return f"{OBJECTS}/{check_address(sha256)[:2]}/{sha256}"


def _hash(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


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
