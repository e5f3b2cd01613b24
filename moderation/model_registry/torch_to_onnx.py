"""Networks written as ONNX from PyTorch checkpoints, node by node: no exporter, so the same bytes come out on every machine.

The weights are copied as they are and nothing is computed, folded or simplified. Checkpoints are opened with `weights_only`: no
code of theirs runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 13, 8
"""Fixed, since both are part of the file whose sha256 is pinned. Every ONNX Runtime since 1.9 reads them."""

Weights = Mapping[str, NDArray[np.float32]]


def read_checkpoint(path: Path, *keys: str) -> Weights:
    """The float32 tensors of a checkpoint, below `keys` where it nests them."""
    import torch

    body: Any = torch.load(path, map_location="cpu", weights_only=True)
    for key in keys:
        body = body[key]
    return {name: np.asarray(tensor.detach().numpy(), np.float32) for name, tensor in body.items()}


@dataclass(slots=True)
class Graph:
    """An ONNX graph as it grows: weights, then nodes in order; every `add` returns the name of its output."""

    name: str
    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)

    def weight(self, name: str, value: NDArray[Any]) -> str:
        """A constant tensor under `name`."""
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, outputs: Sequence[str] = (), **attributes: Any) -> str:
        """One node; its (first) output's name."""
        made = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, outputs or [made], name=made, **attributes))
        return outputs[0] if outputs else made

    def write(
        self, target: Path, given: tuple[str, Sequence[Any]], wanted: tuple[str, Sequence[Any]]
    ) -> None:
        """Write the model with one input and one output, each a name and a shape."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])],
            [helper.make_tensor_value_info(wanted[0], TensorProto.FLOAT, wanted[1])],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        target.write_bytes(model.SerializeToString(deterministic=True))
