"""The last layer of a text classifier: from a text's vector to how severe it is in each category.

Two questions are asked of every category: does it apply at all, and does it apply so that the policy blocks? The score is
the expected severity with allow at 0, review at ½ and block at 1: the mean of the two calibrated probabilities.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from policies.taxonomy import Category
from policies.text.packed import Floats, Packed, WeightsUnreadable

PARTS = ("weight", "bias", "slope", "intercept")


@dataclass(frozen=True)
class Head:
    """Shapes for k categories: `weight` float32[features, 2k], `bias`, `slope`, `intercept` float32[2k].

    The first k columns say "applies", the others "blocks". `slope` and `intercept` are Platt scaling (Platt 1999).
    """

    categories: tuple[Category, ...]
    weight: Floats
    bias: Floats
    slope: Floats
    intercept: Floats

    def logits(self, features: Floats) -> Floats:
        """float32[n, 2k] for `features` float32[n, features], not calibrated."""
        return np.asarray(features @ self.weight + self.bias, np.float32)

    def probabilities(self, logits: Floats) -> Floats:
        """float32[n, 2k] in [0, 1], calibrated; what blocks is never likelier than what applies."""
        odds = np.exp(-np.clip(logits * self.slope + self.intercept, -30.0, 30.0))
        found = np.asarray(1.0 / (1.0 + odds), np.float32)
        half = len(self.categories)
        found[:, half:] = np.minimum(found[:, half:], found[:, :half])
        return found

    def severity(self, logits: Floats) -> Floats:
        """float32[n, k] in [0, 1]: the mean of "applies" and "blocks"."""
        found, half = self.probabilities(logits), len(self.categories)
        return np.asarray((found[:, :half] + found[:, half:]) / 2, np.float32)


def read_head(file: Packed, features: int) -> Head:
    """The head in a weights file. Raises WeightsUnreadable when it does not take vectors of `features` numbers."""
    try:
        categories = tuple(Category(str(name)) for name in _texts(file))
    except ValueError as error:
        raise WeightsUnreadable(file.path, str(error)) from error
    head = Head(categories, *(file.tensor(f"head.{part}") for part in PARTS))
    wanted = (features, 2 * len(categories))
    if head.weight.shape != wanted or any(
        part.shape != wanted[1:] for part in (head.bias, head.slope, head.intercept)
    ):
        raise WeightsUnreadable(file.path, f"its head is made for {head.weight.shape}, expected {wanted}")
    return head


def _texts(file: Packed) -> Iterable[str]:
    return (str(name) for name in file.plain("categories"))
