"""Which eight bits this processor multiplies exactly.

Signed weights are the faster ones, but processors without VNNI add pairs of products in sixteen bits, where two large ones
overflow silently (ONNX Runtime, "Quantize ONNX models", section "When and why do I need to try U8U8"). Asking the processor is
surer than reading its name. Both ways give the same numbers where both are exact.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from policies.text.packed import quantise

ZERO = 128
Whole = npt.NDArray[np.int8] | npt.NDArray[np.uint8]


def columns(weight: npt.NDArray[np.float32]) -> tuple[Whole, npt.NDArray[np.float32], Whole]:
    """Of a weight float32[out, in]: eight bits [in, out], their scales float32[out] and zero points [out]."""
    whole, scale = quantise(weight)
    if signed_products_are_exact():
        return whole.T, scale, np.zeros(len(scale), np.int8)
    shifted = (whole.astype(np.int16) + ZERO).astype(np.uint8)
    return shifted.T, scale, np.full(len(scale), ZERO, np.uint8)


@cache
def signed_products_are_exact() -> bool:
    """Whether 64 products of 255 and 127 add up here."""
    import onnxruntime
    from onnx import TensorProto, helper

    size = 64
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["c"])],
        "probe",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [1, size])],
        [helper.make_tensor_value_info("c", TensorProto.INT32, [1, size])],
        [helper.make_tensor("b", TensorProto.INT8, [size, size], np.full(size * size, 127, np.int8))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"a": np.full((1, size), 255, np.uint8)})
    return bool((found == size * 255 * 127).all())
