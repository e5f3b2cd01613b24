"""The marks that a list puts before a name, and that say how much context the name needs before it means what is listed."""

from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """What a name needs beside itself."""

    NOTHING = ""
    CAPITAL = "~"
    CUE = "?"


@dataclass(frozen=True, slots=True)
class Alias:
    """One spelling of a name, and what it needs."""

    text: str
    need: Need


def read_alias(marked: str) -> Alias:
    """A name from its column text: `~Trump` needs a capital or a cue, `?Prince` a cue, `Barack Obama` nothing."""
    need = Need(marked[0]) if marked[:1] in ("~", "?") else Need.NOTHING
    return Alias(marked[len(need) :], need)
