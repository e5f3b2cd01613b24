"""The aspects that the active profile has no model for: written on every decision, without effect on the verdict."""

from collections.abc import Sequence

from moderation.gate.check import Uncovered
from moderation.gate.subjects import Subject
from policies.findings import Finding


class UncoveredCheck:
    """Says that nobody looks at `aspect`. Installing a model for it replaces this check."""

    tier = 0
    instant = True
    uncovered = True
    revision = "none"

    def __init__(self, aspect: str) -> None:
        self.name = aspect

    def examine(self, subject: Subject) -> Sequence[Finding]:
        """Always raises `Uncovered`."""
        raise Uncovered(self.name)
