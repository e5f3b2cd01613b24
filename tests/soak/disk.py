"""Disks of a few megabytes that a test fills up: a tmpfs as root, else a plain folder that cannot be full."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_FILLER = "filler"
_BLOCK = bytes(1 << 20)


@dataclass(frozen=True)
class Disk:
    """A folder on a disk of its own. `why_not` says why it cannot be filled, empty when it can."""

    folder: Path
    why_not: str = ""

    def fill(self) -> None:
        """Write until nothing more can be written."""
        assert not self.why_not
        with (self.folder / _FILLER).open("ab", buffering=0) as filler:
            for block in (_BLOCK, _BLOCK[:4096], _BLOCK[:1]):
                _write_all(filler.fileno(), block)

    def free(self) -> None:
        """Give the space back."""
        (self.folder / _FILLER).unlink(missing_ok=True)

    @property
    def is_full(self) -> bool:
        """Whether a page more would not fit."""
        return os.statvfs(self.folder).f_bavail == 0


@contextmanager
def disk_of(folder: Path, size: int) -> Iterator[Disk]:
    """A disk of `size` bytes, unmounted at the end; its root is open to the cluster's user."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},mode=0755"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0:
        yield Disk(folder, "only root may mount a small disk")
        return
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield Disk(folder, f"mount: {done.stderr.strip()}")
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _write_all(handle: int, block: bytes) -> None:
    while True:
        try:
            os.write(handle, block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return
