"""What the fit aims at: partial labels as numbers with weights, and the loss over them.

An unknown label has no weight; a row known only to be "one of these" adds the likelihood that at least one applies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from policies.text.packed import Floats
from policies.text.training.sources import MODELLED, Example
from policies.text.training.written import SOURCE as WRITTEN

POSITIVE_WEIGHT = 2.0
OTHERS_UNSAID, OTHERS_READ = 0.15, 0.5
"""How far a label "violence" is taken to mean "and nothing else": public sets label one aspect and leave the rest open; whoever
wrote a line of ours had the whole policy before their eyes."""
SOURCE_WEIGHTS: Mapping[str, float] = {
    "coco_captions10k": 0.4,
    "hatecheck": 0.5,
    "multilingual_hatecheck": 0.5,
}
"""Sets whose size says nothing about their importance: many near-identical rows."""


@dataclass(frozen=True)
class Targets:
    """For k categories: `labels` and `weights` float32[n, 2k] (first "applies", then "blocks"), `one_of` float32[n, k]."""

    labels: Floats
    weights: Floats
    one_of: Floats


def targets(examples: Sequence[Example]) -> Targets:
    """The training targets of `examples`, row by row, columns in the order of `MODELLED`."""
    k = len(MODELLED)
    found = Targets(*(np.zeros((len(examples), width), np.float32) for width in (2 * k, 2 * k, k)))
    for row, example in enumerate(examples):
        _fill(found, row, example, k)
    return found


def _fill(found: Targets, row: int, example: Example, k: int) -> None:
    scale = SOURCE_WEIGHTS.get(example.source, 1.0)
    others = OTHERS_READ if example.source == WRITTEN else OTHERS_UNSAID
    found.weights[row] = scale if example.benign else scale * others
    for column, category in enumerate(MODELLED):
        columns = [column, k + column]
        if category in example.positive:
            found.labels[row, columns] = 1.0, float(category in example.blocked)
            weight = scale * example.weight * POSITIVE_WEIGHT
            found.weights[row, columns] = weight, weight if example.graded else 0.0
        if category in example.one_of:
            found.one_of[row, column] = 1.0
            found.weights[row, columns] = 0.0


def loss(logits: Any, labels: Any, weights: Any, one_of: Any) -> Any:
    """The mean loss of a batch (torch tensors, shapes as in `Targets`)."""
    import torch

    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    total = (entropy * weights).sum() / len(logits)
    alternatives = one_of.sum(1) > 0
    if alternatives.any():
        applies = torch.sigmoid(logits[alternatives][:, : one_of.shape[1]])
        none = torch.prod(1 - applies * one_of[alternatives], 1)
        total = total - torch.log(1 - none + 1e-6).sum() / len(logits)
    return total
