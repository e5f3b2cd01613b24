"""What the graphs of both encoders are built with: named nodes and weights, and the product in eight bits.

The operators of the domain `com.microsoft` are ONNX Runtime's own, fused ones.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from policies.text.eight_bits import columns
from policies.text.packed import Floats

FUSED = "com.microsoft"
OPSET, IR_VERSION = 18, 9
"""Of 2022, which every ONNX Runtime that this project admits reads."""
Size = Sequence[str | int]


class Graph:
    """Collects nodes and weights; each method adds a part and returns the name of its result."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def matmul(self, x: str, name: str, weight: Floats) -> str:
        """`x`, rounded to eight bits by its own range, times the transpose of `weight` float32[out, in] in eight bits."""
        whole, scale, zero = columns(weight)
        named = {f"{name}.t": whole, f"{name}.scale": scale, f"{name}.zero": zero}
        inputs = [x, *(self.constant(each, values) for each, values in named.items())]
        return self.add("DynamicQuantizeMatMul", inputs, f"{name}.product", domain=FUSED)

    def full_matmul(self, x: str, name: str, weight: Floats) -> str:
        """`x` times the transpose of `weight` float32[out, in], both in full."""
        return self.add("MatMul", [x, self.constant(f"{name}.t", weight.T)], f"{name}.product")

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        """A weight."""
        from onnx import numpy_helper

        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """A node with one output."""
        self.node(operator, inputs, [f"{name}.out"], **attributes)
        return f"{name}.out"

    def node(self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> None:
        """A node."""
        from onnx import helper

        self._nodes.append(helper.make_node(operator, list(inputs), list(outputs), **attributes))

    def model(self, inputs: Mapping[str, Size], outputs: Mapping[str, Size]) -> bytes:
        """The model as bytes; all inputs and outputs are float32."""
        from onnx import TensorProto, helper

        ends = [
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, list(size))
                for name, size in each.items()
            ]
            for each in (inputs, outputs)
        ]
        model = helper.make_model(
            helper.make_graph(self._nodes, "encoder", *ends, self._weights),
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)],
            ir_version=IR_VERSION,
        )
        return bytes(model.SerializeToString())


def session(graph: bytes) -> Any:
    """The graph on one thread: for nets of this size more are slower, and the caller runs several texts in parallel."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
