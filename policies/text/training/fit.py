"""The fit: small networks with one hidden layer over fixed features, several seeds, averaged.

Labels are partial, so the loss is masked: an unknown label has no weight, and a row known only to be "one of these"
adds the likelihood that at least one applies. Everything is seeded; the same features give the same weights on one machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from policies.text.encoder import FEATURES
from policies.text.head import CLIP, Floats, Head
from policies.text.training.sources import MODELLED, Example

UNITS = 128
SEEDS = (1, 2, 3)
EPOCHS = 14
BATCH = 128
RATE, DECAY = 2e-3, 1e-2
INPUT_DROPOUT, HIDDEN_DROPOUT = 0.3, 0.4
OTHER_CATEGORY_WEIGHT = 0.15
"""How far "violence" on a label is taken to mean "and nothing else": sources label one aspect and leave the rest open."""
POSITIVE_WEIGHT = 2.0
SOURCE_WEIGHTS: Mapping[str, float] = {"coco_captions10k": 0.4, "hatecheck": 0.5}
"""Sets whose size says nothing about their importance: many near-identical rows."""


@dataclass(frozen=True)
class Targets:
    """float32[n, categories] each. `labels` 0 or 1; `weights` how much each label counts; `one_of` marks alternatives."""

    labels: Floats
    weights: Floats
    one_of: Floats


def targets(examples: Sequence[Example]) -> Targets:
    """The training targets of `examples`, row by row, columns in the order of `MODELLED`."""
    shape = (len(examples), len(MODELLED))
    labels, weights, one_of = (np.zeros(shape, np.float32) for _ in range(3))
    for row, example in enumerate(examples):
        scale = SOURCE_WEIGHTS.get(example.source, 1.0)
        weights[row] = scale if example.benign else scale * OTHER_CATEGORY_WEIGHT
        for column, category in enumerate(MODELLED):
            if category in example.positive:
                labels[row, column], weights[row, column] = 1.0, scale * example.weight * POSITIVE_WEIGHT
            if category in example.one_of:
                one_of[row, column], weights[row, column] = 1.0, 0.0
    return Targets(labels, weights, one_of)


def fit_head(features: Floats, examples: Sequence[Example]) -> Head:
    """A head, not yet calibrated (slope 1, intercept 0), from features float32[n, FEATURES] of `examples`."""
    mean = features.mean(axis=0)
    deviation = features.std(axis=0) + 1e-5
    standard = np.clip((features - mean) / deviation, -CLIP, CLIP).astype(np.float32)
    nets = [_fit_net(standard, targets(examples), seed) for seed in SEEDS]
    hidden, hidden_bias, out, out_bias = (_as_shipped([net[part] for net in nets]) for part in range(4))
    slope, intercept = np.ones(len(MODELLED), np.float32), np.zeros(len(MODELLED), np.float32)
    return Head(MODELLED, mean, deviation, hidden, hidden_bias, out, out_bias, slope, intercept)


def _as_shipped(nets: Sequence[Floats]) -> Floats:
    """Stacked, and rounded as the file stores them, so that calibration sees the scores that will be served."""
    return np.stack(nets).astype(np.float16).astype(np.float32)


def _fit_net(standard: Floats, target: Targets, seed: int) -> list[Floats]:
    import torch

    torch.set_num_threads(1)  # sums in one order: the same weights on every run
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Dropout(INPUT_DROPOUT),
        torch.nn.Linear(FEATURES, UNITS),
        torch.nn.ReLU(),
        torch.nn.Dropout(HIDDEN_DROPOUT),
        torch.nn.Linear(UNITS, len(MODELLED)),
    )
    torch.nn.init.constant_(net[-1].bias, -3.0)  # most texts fall under no category
    inputs = torch.from_numpy(standard)
    data = tuple(torch.from_numpy(part) for part in (target.labels, target.weights, target.one_of))
    _descend(net, inputs, data, torch.Generator().manual_seed(seed))
    return [
        net[1].weight.detach().numpy().T.copy(),
        net[1].bias.detach().numpy(),
        net[4].weight.detach().numpy().T.copy(),
        net[4].bias.detach().numpy(),
    ]


def _descend(net: Any, inputs: Any, data: tuple[Any, Any, Any], order: Any) -> None:
    import torch

    steps = EPOCHS * (len(inputs) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE / 2, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
    net.train()
    for _ in range(EPOCHS):
        shuffled = torch.randperm(len(inputs), generator=order)
        for at in range(0, len(shuffled) - BATCH + 1, BATCH):
            rows = shuffled[at : at + BATCH]
            loss = _loss(net(inputs[rows]), *(part[rows] for part in data))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    net.eval()


def _loss(logits: Any, labels: Any, weights: Any, one_of: Any) -> Any:
    import torch

    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    loss = (entropy * weights).sum() / len(logits)
    alternatives = one_of.sum(1) > 0
    if alternatives.any():
        none = torch.prod(1 - torch.sigmoid(logits[alternatives]) * one_of[alternatives], 1)
        loss = loss - torch.log(1 - none + 1e-6).sum() / len(logits)
    return loss
