"""Small packages built in a test: a wheel, an npm tarball, and a registry entry that pins them."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from moderation.model_registry.entries import ModelEntry, ModelFile, Registry


def digest(data: bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(data).hexdigest()


def wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    """A zip archive with these members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def tarball(path: Path, members: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> Path:
    """A gzipped tar with these members and symbolic links."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.SYMTYPE
            info.linkname = target
            archive.addfile(info)
    return path


def pinned(member: str, data: bytes, *, name: str = "model.onnx", as_used: bytes | None = None) -> ModelFile:
    """A file of an entry, pinned to `data` as published and `as_used` after conversion."""
    used = data if as_used is None else as_used
    return ModelFile(
        name=name,
        member=member,
        sha256=digest(used),
        bytes=len(used),
        source_sha256=digest(data),
        source_bytes=len(data),
    )


def entry(
    package: Path,
    *files: ModelFile,
    name: str = "toy",
    conversion: str | None = None,
    path: str | None = "model.onnx",
) -> ModelEntry:
    """An entry that pins the bytes of `package` as they are now."""
    data = package.read_bytes()
    return ModelEntry(
        name=name,
        job="be small",
        registry="pypi" if package.suffix == ".whl" else "npm",
        package="toy-model",
        version="1.0",
        sha256=digest(data),
        bytes=len(data),
        path=path,
        licence_code="MIT",
        licence_weights="MIT",
        commercial_use="yes",
        conversion=conversion,
        note="",
        files=files,
    )


def registry(*entries: ModelEntry) -> Registry:
    """A registry of these entries and no open slots."""
    return Registry(models=entries, uncovered=())
