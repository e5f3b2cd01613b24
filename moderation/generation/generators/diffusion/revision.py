"""The identity of a pipeline's folder: one hash over the names and contents of the files it is loaded from."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from moderation.generation.generators.diffusion.folder import MODEL_INDEX, PipelineFolder

_CHUNK = 1 << 22


def folder_revision(folder: PipelineFolder, *, check: Callable[[], None] = lambda: None) -> str:
    """`sha256:` and 64 hex digits over every file of the index and its parts, in the order of their names.

    `check` is called for every few megabytes and may raise: weights of tens of gigabytes take a while.
    """
    whole = hashlib.sha256()
    for path in _files(folder):
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                check()
        whole.update(f"{digest.hexdigest()}  {path.relative_to(folder.path).as_posix()}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def _files(folder: PipelineFolder) -> Iterator[Path]:
    yield folder.path / MODEL_INDEX
    for part in sorted(folder.parts):
        yield from sorted(path for path in (folder.path / part).rglob("*") if path.is_file())
