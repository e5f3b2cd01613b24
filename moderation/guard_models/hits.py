"""What a guard says of one text or picture, in the words of the policy."""

from dataclasses import dataclass
from typing import Final

from policies.taxonomy import Category

WORTH_RECORDING: Final = 0.1
"""Probability below which nothing is said: a threshold of a policy document below it has no effect on a guard."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A category that the guard sees, its probability in [0, 1], and the model's own name for it."""

    category: Category
    score: float
    label: str
