"""The loop that both networks are fitted by: batches of like length, one rate per part of the network, a warm-up and a decline.

Seeded throughout, on a fixed number of threads: one machine gets the same weights from the same rows.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from policies.text.training.sources import Example
from policies.text.training.targets import loss, targets

THREADS = 2
SHUFFLED_TOGETHER = 20
"""Batches' worth of rows that are sorted by length among themselves: little padding, still a mixed order."""
CLIP_NORM = 1.0
WARM_UP = 0.1
MAX_TOKENS = 96
PER_EPOCH = {"coco_captions10k": 1500, "multilingual_hatecheck": 7000}
"""Rows drawn anew each time from sources of many like rows; of others, all."""

Ids = Sequence[int]


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast: `rate` for what was trained before, `new_rate` for new layers; both peak after the warm-up."""

    epochs: int
    batch: int
    rate: float
    new_rate: float
    decay: float
    seed: int


def descend(
    net: Any,
    new: Iterable[Any],
    examples: Sequence[Example],
    ids: Callable[[int, random.Random], Ids],
    course: Course,
) -> None:
    """Fit `net`, which takes (ids, mask) and gives logits; `new` are the parameters that learn at the new rate.

    `ids(row, chance)` are a row's token ids, which may differ from epoch to epoch.
    """
    import torch

    torch.set_num_threads(THREADS)
    chance = random.Random(course.seed)  # noqa: S311  # a repeatable order, nothing secret
    aims = targets(examples)
    labels, weights, one_of = (torch.from_numpy(part) for part in (aims.labels, aims.weights, aims.one_of))
    optimiser, schedule = _optimiser(net, set(new), _per_epoch(examples), course)
    net.train()
    for epoch in range(course.epochs):
        said = _Progress(epoch, course.epochs)
        for rows, batch in _batches(examples, ids, course.batch, chance):
            found = loss(net(*padded(batch)), labels[rows], weights[rows], one_of[rows])
            optimiser.zero_grad()
            found.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)
            optimiser.step()
            schedule.step()
            said.step(float(found.detach()))
    net.eval()


def _optimiser(net: Any, new: set[Any], rows: int, course: Course) -> tuple[Any, Any]:
    import torch

    old = [part for part in net.parameters() if part.requires_grad and part not in new]
    groups = [{"params": old, "lr": course.rate}, {"params": list(new), "lr": course.new_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=course.decay)
    steps = course.epochs * (rows // course.batch + 1)
    rates = [course.rate, course.new_rate]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps + 1, pct_start=WARM_UP)
    return optimiser, schedule


def _batches(
    examples: Sequence[Example], ids: Callable[[int, random.Random], Ids], size: int, chance: random.Random
) -> Iterable[tuple[list[int], list[Ids]]]:
    order = _drawn(examples, chance)
    tokens = {row: ids(row, chance) for row in order}
    batches: list[list[int]] = []
    for at in range(0, len(order), size * SHUFFLED_TOGETHER):
        chunk = sorted(order[at : at + size * SHUFFLED_TOGETHER], key=lambda row: len(tokens[row]))
        batches.extend(chunk[i : i + size] for i in range(0, len(chunk), size))
    chance.shuffle(batches)
    for rows in batches:
        yield rows, [tokens[row] for row in rows]


def _drawn(examples: Sequence[Example], chance: random.Random) -> list[int]:
    """One epoch's rows, in a random order."""
    order = [row for row, example in enumerate(examples) if example.source not in PER_EPOCH]
    for source, most in PER_EPOCH.items():
        rows = [row for row, example in enumerate(examples) if example.source == source]
        order.extend(chance.sample(rows, min(most, len(rows))))
    chance.shuffle(order)
    return order


def _per_epoch(examples: Sequence[Example]) -> int:
    """How many rows an epoch draws."""
    counts = Counter(example.source for example in examples)
    return sum(min(count, PER_EPOCH.get(source, count)) for source, count in counts.items())


def padded(batch: Sequence[Ids]) -> tuple[Any, Any]:
    """Token ids int64[n, longest] and the mask int64[n, longest] of a batch."""
    import torch

    ids = torch.zeros(len(batch), max(map(len, batch)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
    return ids, mask


class _Progress:
    def __init__(self, epoch: int, epochs: int) -> None:
        self._epoch, self._epochs, self._start, self._step, self._mean = (
            epoch,
            epochs,
            time.monotonic(),
            0,
            0.0,
        )

    def step(self, found: float) -> None:
        self._step += 1
        self._mean += (found - self._mean) / min(self._step, 100)
        if self._step % 50 == 0:
            seconds = time.monotonic() - self._start
            sys.stderr.write(
                f"epoch {self._epoch + 1} of {self._epochs}, step {self._step}, loss {self._mean:.3f}, {seconds:.0f} s\n"
            )
