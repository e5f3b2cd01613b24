"""How far long work has come, on standard error: a bar in a terminal, gone when the work is done, else a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY_S = 15.0
"""Seconds between two lines where nobody can see a bar."""


@contextmanager
def counting(doing: str, total: int) -> Iterator[Callable[[int], object]]:
    """Tells of `total` items, headed by what is being done; call it with how many more are."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, doing, total)
        return
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda items: bar.advance(task, items)


def _lines(console: Console, doing: str, total: int) -> Callable[[int], object]:
    began = last = monotonic()
    done = 0

    def advance(items: int) -> None:
        nonlocal done, last
        done, now = done + items, monotonic()
        if now - last >= EVERY_S:
            last = now
            console.print(f"{doing}: {done:,} of {total:,} after {now - began:.0f} s", highlight=False)

    return advance
