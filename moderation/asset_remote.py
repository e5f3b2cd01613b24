"""Any fsspec file system as a store: for what is neither a folder nor S3, with the guarantees that the file system gives."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec

from moderation.asset_files import AssetStoreMisconfigured, AssetStoreUnavailable

NEVER_MS = 1 << 62


class RemoteFiles:
    """Files named by a URL such as `sftp://host/prefix`. That a name appears complete or not at all is the file system's word."""

    def __init__(self, url: str) -> None:
        """Raises `AssetStoreMisconfigured` when the scheme is unknown or its package is missing."""
        try:
            filesystem, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise AssetStoreMisconfigured(
                f"{error}", field="SAFECONDUCT_ASSET_URL", remedy="use a folder, s3://… or a scheme whose package is installed"
            ) from error  # fmt: skip
        self._fs: Any = filesystem  # fsspec publishes no types
        self._root = str(root).rstrip("/")

    def make(self) -> None:
        """The bucket, or whatever the store calls it."""
        with _asking():
            self._fs.makedirs(self._root, exist_ok=True)

    def ping(self) -> None:
        """It answers whether the root is there; `exists` of fsspec takes a store that is away for one without the root."""
        with _asking(), suppress(FileNotFoundError):
            self._fs.info(self._root)

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A local file; it is uploaded by `put`."""
        with tempfile.TemporaryDirectory(prefix="safeconduct-put-") as folder:
            yield Path(folder) / "asset"

    def put(self, scratch: Path, name: str) -> None:
        """Upload."""
        with _asking():
            self._fs.makedirs(self._at(name).rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(scratch), self._at(name))

    def move(self, source: str, target: str) -> bool:
        """Copy and delete on most stores; the copy is complete before the source goes."""
        with _asking():
            self._fs.makedirs(self._at(target).rpartition("/")[0], exist_ok=True)
            try:
                self._fs.mv(self._at(source), self._at(target))
            except FileNotFoundError:
                return False
        return True

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return self._info(name) is not None

    def size(self, name: str) -> int:
        """Its bytes."""
        with _asking():
            return int(self._fs.size(self._at(name)))

    def local(self, name: str) -> Path | None:
        """None: it has no path on this machine."""
        del name
        return None

    def fetch(self, name: str, target: Path) -> None:
        """Download."""
        with _asking():
            self._fs.get_file(self._at(name), str(target))

    def remove(self, name: str) -> bool:
        """Delete it."""
        with _asking(), suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))
            return True
        return False

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Files only; a store that does not tell when a file was written counts it as written now (never collected)."""
        with _asking(), suppress(FileNotFoundError):
            for info in self._fs.ls(self._at(folder), detail=True, refresh=True):
                if info["type"] == "file":
                    yield f"{folder}/{info['name'].rpartition('/')[2]}", self._written_ms(info["name"])

    def tidy(self, older_than_ms: int) -> int:
        """Nothing that fsspec knows of."""
        return 0

    def _info(self, name: str) -> Any:
        """None when there is no such file; `isfile` of fsspec would say so of a store that is away, too."""
        with _asking():
            try:
                info = self._fs.info(self._at(name))
            except FileNotFoundError:
                return None
        return info if info["type"] == "file" else None

    def _written_ms(self, path: str) -> int:
        try:
            return int(self._fs.modified(path).timestamp() * 1000)
        except (NotImplementedError, FileNotFoundError):
            return NEVER_MS

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"


@contextmanager
def _asking() -> Iterator[None]:
    """Anything but "no such file" means that the store does not work."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise AssetStoreUnavailable(
            f"the store does not answer ({type(error).__name__})", field="SAFECONDUCT_ASSET_URL",
            remedy="it is asked again; see that it runs",
        ) from error  # fmt: skip
