"""What a bench measured, beside the peer it was held against in the same run: a table, and `out/bench.json`.

Every figure is the median of several repetitions, ours and the peer's in turn, so that a busy machine slows both.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

REPORT = Path("out") / "bench.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` and `peer` in `unit`, medians of `repetitions`; `ratio` is ours / peer."""

    what: str
    ours: float
    peer: float
    unit: str
    against: str
    repetitions: int
    load: float

    @property
    def ratio(self) -> float:
        """Ours / peer."""
        return self.ours / self.peer


class Figures:
    """Collects the figures of a session."""

    def __init__(self) -> None:
        self.all: list[Figure] = []

    def add(self, what: str, ours: list[float], peer: list[float], *, unit: str, against: str) -> Figure:
        """Keep the medians of the repetitions, and print them."""
        figure = Figure(what, median(ours), median(peer), unit, against, len(ours), os.getloadavg()[0])
        self.all.append(figure)
        print(f"\n{row_of(figure)}")
        return figure

    def write(self, path: Path = REPORT) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{**asdict(figure), "ratio": figure.ratio} for figure in self.all]
        path.write_text(json.dumps(rows, indent=2) + "\n")

    def table(self) -> str:
        """For people, in Markdown."""
        head = "| what | ours | peer | unit | ratio | against |\n|---|---|---|---|---|---|"
        return "\n".join([head, *(row_of(figure) for figure in self.all)])


def row_of(figure: Figure) -> str:
    """One line of the table."""
    numbers = " | ".join(
        f"{value:.3g}" if value < 1000 else f"{value:,.0f}" for value in (figure.ours, figure.peer)
    )
    return f"| {figure.what} | {numbers} | {figure.unit} | {figure.ratio:.3g} | {figure.against} |"


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, in seconds of wall time."""
    began = perf_counter()
    work()
    return perf_counter() - began


def in_turn(
    repetitions: int, ours: Callable[[], float], peer: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Measure ours and the peer alternately."""
    pairs = [(ours(), peer()) for _ in range(repetitions)]
    return [first for first, _ in pairs], [second for _, second in pairs]
