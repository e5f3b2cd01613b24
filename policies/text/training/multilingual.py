"""Fine-tuning the multilingual network: what lies over its word vectors learns. What is learnt in one language serves in all,
because the encoder was made so (Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval")."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from policies.text.multilingual_encoder import CHUNKS, FEATURES, piece_ids, resources, word_table
from policies.text.multilingual_graph import BRANCH, EPSILON, LEFT, ORDERS
from policies.text.normalise import normalise
from policies.text.packed import Floats, rounded
from policies.text.training.descent import MAX_TOKENS, Course, Ids, descend
from policies.text.training.sources import MODELLED, Example

COURSE = Course(epochs=6, batch=64, rate=3e-4, new_rate=2e-3, decay=0.02, seed=1)
DROPOUT = 0.2
PER_ORDER = ("proj", "proj_b", "ln_g", "ln_b", "w1_", "b1_", "w2_", "b2_")
SHARED = ("ln_g", "ln_b", "cnn_W", "cnn_b", "d0", "d1", "d2", "d3", "p1", "p3")
"""The package's names of what learns: one per length of n-gram, and one for all."""
SPREAD = FEATURES**0.5
"""The encoder's vectors have length 1; the head learns faster on numbers around 1."""


def tune_multilingual(examples: Sequence[Example], seed: int) -> dict[str, Floats]:
    """The tensors `multilingual.*`, `head.weight` and `head.bias` after fine-tuning, as they ship.

    Another `seed` gives a network that errs elsewhere.
    """
    import torch

    torch.manual_seed(seed)
    tokens = [read_ids(example.text) for example in examples]

    def ids(row: int, _: random.Random) -> Ids:
        return tokens[row]

    net = network()
    descend(net, net.out.parameters(), examples, ids, replace(COURSE, seed=seed))
    return _tensors(net)


def read_ids(text: str) -> Ids:
    """The word pieces of a text as the encoder reads it, cut short."""
    return piece_ids(normalise(text).text)[:MAX_TOKENS]


def _names() -> tuple[str, ...]:
    return (*(f"{part}{order}" for part in PER_ORDER for order in ORDERS), *SHARED)


def network() -> Any:
    """The package's network as a torch module from (ids, mask) to logits [n, 2k], the word vectors frozen."""
    import torch
    from torch.nn.functional import layer_norm, pad, relu

    with np.load(resources() / "weights.npz") as file:
        base = {name: file[name] for name in _names()}
    words, scale, low = (torch.from_numpy(part) for part in word_table())

    class Network(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
        def __init__(self) -> None:
            super().__init__()
            self.of = torch.nn.ParameterDict(
                {name: torch.nn.Parameter(torch.from_numpy(base[name].copy())) for name in _names()}
            )
            self.drop = torch.nn.Dropout(DROPOUT)
            self.out = torch.nn.Linear(FEATURES, 2 * len(MODELLED))
            torch.nn.init.constant_(self.out.bias, -3.0)  # most texts fall under no category

        def forward(self, ids: Any, mask: Any) -> Any:
            return self.out(self.drop(self.sentence(ids, mask) * SPREAD))

        def sentence(self, ids: Any, mask: Any) -> Any:
            """The vectors of length 1, float32[n, FEATURES]."""
            inside = mask.unsqueeze(-1).float()
            chunk = ids % CHUNKS
            word = (words[ids].float() * scale[chunk].unsqueeze(-1) + low[chunk].unsqueeze(-1)) * inside
            parts = [
                word,
                *(
                    self.branch(x, n, inside)
                    for n, x in zip(ORDERS, self.projected(word, inside), strict=True)
                ),
            ]
            size = (FEATURES + len(ORDERS) * BRANCH,)
            mixed = layer_norm(torch.cat(parts, -1), size, self.of["ln_g"], self.of["ln_b"], EPSILON)
            count = inside.sum(1)
            mean = (
                self.drop(mixed * inside).sum(1) @ self.of["cnn_W"] + count * self.of["cnn_b"]
            ) / count.sqrt()
            return self.dense(mean)

        def projected(self, word: Any, inside: Any) -> Any:
            weight, bias, gain, shift = (
                torch.cat([self.of[f"{part}{order}"] for order in ORDERS], -1) for part in PER_ORDER[:4]
            )
            found = layer_norm(word @ weight + bias, (len(ORDERS) * BRANCH,), gain, shift, EPSILON)
            return (found * inside).split(BRANCH, -1)

        def branch(self, x: Any, order: int, inside: Any) -> Any:
            for weight, bias in (("w1", "b1"), ("w2", "b2")):
                around = pad(x, (0, 0, LEFT[order], order - 1 - LEFT[order]))
                grams = torch.cat([around[:, i : i + x.shape[1]] for i in range(order)], -1)
                grown = relu(grams @ self.of[f"{weight}_{order}"] + self.of[f"{bias}_{order}"])
                x = (grown + x) * inside
            return x

        def dense(self, mean: Any) -> Any:
            of = self.of
            first = relu(mean @ of["d0"])
            second = relu(mean @ of["p1"] + first @ of["d1"])
            found = torch.tanh(second @ of["p3"] + relu(second @ of["d2"]) @ of["d3"])
            return found / (found * found).sum(1, keepdim=True).clip(EPSILON).sqrt()

    return Network()


def _tensors(net: Any) -> dict[str, Floats]:
    found = {f"multilingual.{name}": part.detach().numpy() for name, part in net.of.items()}
    found["head.weight"] = (net.out.weight.detach().numpy().T * SPREAD).copy()
    found["head.bias"] = net.out.bias.detach().numpy()
    return {name: rounded(np.asarray(part, np.float32)) for name, part in found.items()}
