"""The coverage table: which aspects the active profile has a model for, and which it says it cannot see.

An uncovered aspect is written on each decision and has no effect on the verdict; hiding it would look like an all-clear.
"""

from dataclasses import dataclass
from typing import Literal

from moderation.model_registry.files import ModelFiles

PROFILE = "default"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row: an aspect, whether a model covers it, and by which model (its revision) or what would fill the slot."""

    aspect: str
    status: Literal["covered", "overridden", "uncovered"]
    by: str
    about: str


def coverage(files: ModelFiles) -> tuple[Coverage, ...]:
    """The rows of the coverage table: models first, then the open slots, in the order of the registry file."""
    covered = (
        Coverage(
            entry.name,
            "overridden" if entry.name in files.overrides else "covered",
            str(files.overrides.get(entry.name, entry.revision)),
            entry.job,
        )
        for entry in files.registry.judging
    )
    open_slots = (
        Coverage(slot.aspect, "uncovered", slot.fill_with, slot.about) for slot in files.registry.uncovered
    )
    return (*covered, *open_slots)


def uncovered_aspects(files: ModelFiles) -> tuple[str, ...]:
    """The names of the aspects no model of this profile covers, for the decision's record."""
    return tuple(slot.aspect for slot in files.registry.uncovered)
