"""Whether a process grows: resident memory, open files and threads at each sample, and the slope of the memory."""

import gc
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_PAGE = os.sysconf("SC_PAGE_SIZE")
_Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Slope:
    """Least squares with its 95 % interval, in bytes per round; residuals are taken as independent."""

    per_round: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.per_round:+.0f} bytes a round (95 %: {self.low:+.0f} to {self.high:+.0f})"


@dataclass
class Gauge:
    """Samples of this process. Call `read` after the warm-up, every few rounds."""

    rounds: list[int] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def read(self, round_: int) -> None:
        """Take a sample."""
        gc.collect()
        self.rounds.append(round_)
        self.resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE)
        self.files.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208  # a pseudo-folder of the kernel
        self.threads.append(threading.active_count())

    def slope(self) -> Slope:
        """Of the resident memory over the rounds."""
        x, y = np.asarray(self.rounds, float), np.asarray(self.resident, float)
        (per_round, _), covariance = np.polyfit(x, y, 1, cov=True)
        error = _Z95 * float(np.sqrt(covariance[0, 0]))
        return Slope(float(per_round), float(per_round) - error, float(per_round) + error)

    def told(self) -> str:
        """One line for the report."""
        first, last = self.resident[0] / 2**20, self.resident[-1] / 2**20
        return (
            f"{len(self.rounds)} samples, {first:.1f} to {last:.1f} MiB, {self.slope()}; "
            f"files {min(self.files)} to {max(self.files)}, threads {min(self.threads)} to {max(self.threads)}"
        )

    def assert_flat(self, bytes_per_round: float) -> None:
        """The upper end of the interval is below the bound; files and threads are no more than at first."""
        told = self.told()
        assert self.slope().high < bytes_per_round, told
        assert self.files[-1] <= self.files[0], told
        assert self.threads[-1] <= self.threads[0], told
