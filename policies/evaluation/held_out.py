"""Which rows may be measured: a row whose cluster trained the weights says nothing of texts they have not seen.

The rule is the training's own: the sources of its table, split by cluster. Whoever trains on other sources or holds out
more gives another function of the same shape.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from policies.evaluation.rows import LabelledRow
from policies.text.training.sources import TABLE
from policies.text.training.split import part_of

HeldOut = Callable[[LabelledRow], bool]
"""Whether no weight or threshold was chosen with the row."""
TRAINED = frozenset(TABLE) | {"multilingual_hatecheck"}
"""Sources split by cluster: those of the training's table, and one whose clusters are those of a source in it."""
KEPT_APART = frozenset({"adjudicated.csv"})
"""Files that training reads only in order to leave out their rows, and all that share a cluster with one of them."""


def held_out(row: LabelledRow) -> bool:
    """True for a row of a source that trained nothing, of a file kept apart, or of a cluster that is only ever measured.

    A row of a training source that names no cluster may have been trained on: False.
    """
    if row.source not in TRAINED or row.origin in KEPT_APART:
        return True
    return bool(row.cluster) and part_of(row.cluster) == "test"


def everything(row: LabelledRow) -> bool:
    """True for every row: for weights that were trained on none of them."""
    del row
    return True


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows to measure, and how many of each source were left out because they may have trained the weights."""

    rows: tuple[LabelledRow, ...]
    left_out: tuple[tuple[str, int], ...]


def choose(rows: Iterable[LabelledRow], kept: HeldOut = held_out) -> Chosen:
    """Rows that `kept` keeps, in order."""
    chosen: list[LabelledRow] = []
    left: dict[str, int] = {}
    for row in rows:
        if kept(row):
            chosen.append(row)
        else:
            left[row.source] = left.get(row.source, 0) + 1
    return Chosen(tuple(chosen), tuple(sorted(left.items())))
