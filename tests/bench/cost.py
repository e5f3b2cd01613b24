"""What a piece of work costs: wall time, CPU time of this process and those it started, and the most memory they held."""

import os
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
SAMPLE_S = 0.02


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, CPU seconds, and the peak of resident memory in MB: this process and its children, by samples."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def cost_of(work: Callable[[], object]) -> Cost:
    """Do it, and say what it cost."""
    peak = _Peak()
    before, began = _cpu_s(), perf_counter()
    work()
    wall = perf_counter() - began
    return Cost(wall, _cpu_s() - before, peak.stop())


class _Peak:
    def __init__(self) -> None:
        self._most = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self._most = max(self._most, resident_mb())


def resident_mb() -> float:
    """Resident memory of this process and its children, in MB."""
    mine = os.getpid()
    own = Path(f"/proc/{mine}/task")
    children = [int(child) for task in own.iterdir() for child in _text(task / "children").split()]
    return sum(_resident_mb(pid) for pid in (mine, *children))


def _resident_mb(pid: int) -> float:
    fields = _text(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * PAGE_MB if fields else 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended meanwhile
        return ""


def _cpu_s() -> float:
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)
