"""Labelled rows: what each text should get, as far as its label settles it.

A label that settles nothing ("depends", "policy", "unknown", an empty gold) is read as unsettled: such rows are counted, and
never as right or wrong. `policies.evaluation.reading` reads them from files.
"""

from dataclasses import dataclass
from enum import StrEnum


class Wanted(StrEnum):
    """What a row's label asks for. `refuse`: review or block, the label does not say which."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"
    REFUSE = "refuse"
    UNSETTLED = "unsettled"

    @property
    def refused(self) -> bool:
        """Whether an allow would be wrong."""
        return self in {Wanted.REVIEW, Wanted.BLOCK, Wanted.REFUSE}

    @property
    def settled(self) -> bool:
        """Whether a verdict can be right or wrong."""
        return self is not Wanted.UNSETTLED


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One text with its label.

    `category` as the file spells it, several joined by "|"; `firm`: the label is one that readers were sure of; `cluster`:
    near-duplicates and templates share one, "" is unknown; `attack`: how the text was disguised, "" is not at all;
    `origin`: the name of the file it was read from.
    """

    id: str
    text: str
    wanted: Wanted
    source: str = ""
    category: str = ""
    language: str = ""
    cluster: str = ""
    firm: bool = True
    attack: str = ""
    origin: str = ""
