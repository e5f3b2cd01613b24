"""The English encoder's layers as an ONNX graph, written from its tensors.

ONNX Runtime runs it without torch or transformers in memory. The weights are multiplied in the eight bits that they ship in, and
what they are multiplied with is rounded to eight bits as well, by each text's own range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from policies.text.onnx_graph import FUSED, Graph
from policies.text.packed import Floats

Tensors = Mapping[str, Floats]

WIDTH = 384
INPUT = "embedded"
_QKV = ("query", "key", "value")


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a BERT of width `WIDTH` with GELU."""

    layers: int
    heads: int
    epsilon: float


def encoder_graph(tensors: Tensors, shape: Shape, layers: Sequence[int]) -> bytes:
    """The model as bytes: `embedded` float32[b, t, WIDTH], summed embeddings, to the hidden states of `layers` (0: the first).

    Every sequence of a batch has the same length: nothing is padded, so there is no mask.
    """
    graph = _Bert(tensors, shape)
    hidden = [graph.norm(INPUT, "embeddings.LayerNorm")]
    for layer in range(max(layers)):
        hidden.append(graph.layer(hidden[-1], f"encoder.layer.{layer}."))
    size = ("batch", "tokens", WIDTH)
    return graph.model({INPUT: size}, {hidden[layer]: size for layer in layers})


class _Bert(Graph):
    def __init__(self, tensors: Tensors, shape: Shape) -> None:
        super().__init__()
        self._tensors, self._shape = tensors, shape

    def norm(self, x: str, name: str) -> str:
        """Layer normalisation."""
        scale, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self.add("LayerNormalization", [x, scale, bias], name, epsilon=self._shape.epsilon)

    def layer(self, x: str, name: str) -> str:
        """One transformer layer: attention and its residual, then the network in between and its residual."""
        attended = self._attention(x, f"{name}attention.self")
        middle = self._residual(attended, x, f"{name}attention.output")
        grown = self._dense(middle, f"{name}intermediate.dense.weight")
        bias = self._weight(f"{name}intermediate.dense.bias")
        active = self.add("BiasGelu", [grown, bias], f"{name}gelu", domain=FUSED)
        return self._residual(active, middle, f"{name}output")

    def _attention(self, x: str, name: str) -> str:
        stacked = np.concatenate([self._tensors[f"{name}.{part}.weight"] for part in _QKV])
        bias = np.concatenate([self._tensors[f"{name}.{part}.bias"] for part in _QKV])
        product = self.matmul(x, f"{name}.qkv", stacked)
        summed = self.add("Add", [product, self.constant(f"{name}.qkv.bias", bias)], f"{name}.sum")
        parts = [f"{name}.{part}" for part in _QKV]
        self.node("Split", [summed], parts, axis=-1, num_outputs=3)
        return self.add(
            "MultiHeadAttention", parts, f"{name}.attended", domain=FUSED, num_heads=self._shape.heads
        )

    def _residual(self, x: str, skip: str, name: str) -> str:
        product = self._dense(x, f"{name}.dense.weight")
        names = (f"{name}.LayerNorm.weight", f"{name}.LayerNorm.bias", f"{name}.dense.bias")
        inputs = [product, skip, *(self._weight(each) for each in names)]
        return self.add(
            "SkipLayerNormalization", inputs, f"{name}.LayerNorm", domain=FUSED, epsilon=self._shape.epsilon
        )

    def _dense(self, x: str, name: str) -> str:
        return self.matmul(x, name, self._tensors[name])

    def _weight(self, name: str) -> str:
        return self.constant(name, self._tensors[name])
