"""Secrets that a deployment makes for itself at first use: a private file, written whole, first writer wins."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SECRET_BYTES = 32


def secret_file(path: Path, random: Callable[[int], bytes]) -> bytes:
    """The secret in the file; when there is none, 32 bytes of `random` are written first (mode 0600)."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{random(4).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(random(SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    return path.read_bytes()
