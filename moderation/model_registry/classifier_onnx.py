"""EfficientNet-Lite0 (Tan and Liu, 2020; weights converted by their publisher from TensorFlow) as ONNX: ImageNet's 1000 classes.

Input `images` float32[n, 3, 224, 224], (RGB - 127) / 128; output `probabilities` float32[n, 1000].
"""

from pathlib import Path

import numpy as np

from moderation.model_registry.torch_to_onnx import Graph, Weights, read_checkpoint

SIDE = 224
CLASSES = 1000
STAGES = (
    (1, 3, 1),
    (2, 3, 2),
    (2, 5, 2),
    (3, 3, 2),
    (3, 5, 1),
    (4, 5, 2),
    (1, 3, 1),
)
"""Blocks, kernel and first stride of each stage (tensorflow/tpu, efficientnet_lite_builder.py)."""
EPSILON = 1e-3


def efficientnet_lite0(source: Path, target: Path) -> None:
    """Write the checkpoint `source` to `target` as ONNX."""
    weights = read_checkpoint(source)
    graph = Graph("efficientnet_lite0")
    graph.weight("zero", np.array(0, np.float32))
    graph.weight("six", np.array(6, np.float32))
    at = _convolution(graph, weights, "images", "_conv_stem", "_bn0", stride=2)
    at = graph.add("Clip", at, "zero", "six")
    number = 0
    for blocks, kernel, first_stride in STAGES:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            at = _block(graph, weights, at, f"_blocks.{number}", kernel, stride)
            number += 1
    at = graph.add("Clip", _convolution(graph, weights, at, "_conv_head", "_bn1"), "zero", "six")
    at = graph.add("Flatten", graph.add("GlobalAveragePool", at))
    for part in ("weight", "bias"):
        graph.weight(f"_fc.{part}", weights[f"_fc.{part}"])
    at = graph.add("Gemm", at, "_fc.weight", "_fc.bias", transB=1)
    graph.add("Softmax", at, outputs=["probabilities"], axis=1)
    graph.write(target, ("images", ["n", 3, SIDE, SIDE]), ("probabilities", ["n", CLASSES]))


def _block(graph: Graph, weights: Weights, given: str, name: str, kernel: int, stride: int) -> str:
    """An inverted residual: expand, look at each channel, project; added to its input where the shapes allow it."""
    at = given
    if f"{name}._expand_conv.weight" in weights:
        at = graph.add(
            "Clip", _convolution(graph, weights, at, f"{name}._expand_conv", f"{name}._bn0"), "zero", "six"
        )
    depthwise = weights[f"{name}._depthwise_conv.weight"]
    assert depthwise.shape[2] == kernel, "the checkpoint is of this architecture"
    at = _convolution(
        graph, weights, at, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, group=len(depthwise)
    )
    at = graph.add("Clip", at, "zero", "six")
    at = _convolution(graph, weights, at, f"{name}._project_conv", f"{name}._bn2")
    first = weights.get(f"{name}._expand_conv.weight", depthwise)
    arrives = first.shape[1] if first is not depthwise else len(depthwise)
    leaves = len(weights[f"{name}._project_conv.weight"])
    return graph.add("Add", at, given) if stride == 1 and arrives == leaves else at


def _convolution(
    graph: Graph, weights: Weights, given: str, name: str, norm: str, *, stride: int = 1, group: int = 1
) -> str:
    """A convolution without bias, padded as TensorFlow does (`SAME`), and its batch normalisation."""
    kernel = weights[f"{name}.weight"]
    at = graph.add(
        "Conv",
        given,
        graph.weight(f"{name}.weight", kernel),
        kernel_shape=list(kernel.shape[2:]),
        strides=[stride, stride],
        group=group,
        auto_pad="SAME_UPPER",
    )
    parts = ("weight", "bias", "running_mean", "running_var")
    return graph.add(
        "BatchNormalization",
        at,
        *(graph.weight(f"{norm}.{part}", weights[f"{norm}.{part}"]) for part in parts),
        epsilon=EPSILON,
    )
