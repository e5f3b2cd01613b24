"""Every step at which a worker may be killed or frozen: all fault points of the code, each in every worker that passes it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import moderation

HOWS = ("kill", "freeze")
CONSUMERS = ("request-gate", "generator", "output-gate", "sweeper")
KINDS = {
    "gate.request": "request-gate",
    "generate": "generator",
    "gate.output": "output-gate",
    "release": "release",
    "withdraw": "sweeper",
    "forget": "sweeper",
    "erase.deferred": "sweeper",
}
"""Each kind of job, and the worker that runs it."""
PLACED = ("job.before_commit", "job.after_commit")
POINTS: dict[str, tuple[str, ...]] = {
    "after_consume": CONSUMERS,
    "before_commit": CONSUMERS,
    "after_commit": CONSUMERS,
    "before_acknowledge": CONSUMERS,
    "relay.after_publish": ("relay",),
    "after_generate": ("generator",),
    "after_staging": ("release",),
    "after_prepare": ("release",),
    "before_release_commit": ("release",),
    "in_sweep": ("sweeper",),
    **{f"{point}@{kind}": (worker,) for point in PLACED for kind, worker in KINDS.items()},
}
"""Fault points, with the job's kind where one is named, and the workers that pass them."""


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A fault point in a worker."""

    point: str
    worker: str

    def __str__(self) -> str:
        return f"{self.point} in {self.worker}"


STEPS = tuple(Step(point, worker) for point, workers in POINTS.items() for worker in workers)


def points_in_code() -> frozenset[str]:
    """The first argument of every call of `reach` in the service."""
    root = Path(moderation.__file__).parent
    return frozenset(name for path in sorted(root.rglob("*.py")) for name in _reached(path))


def _reached(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reach":
            (point, *_) = node.args
            assert isinstance(point, ast.Constant), f"{path}: name the fault point literally"
            yield str(point.value)
