"""Resemblyzer's voice encoder (Wan et al., "Generalized End-to-End Loss for Speaker Verification", 2018) as ONNX.

Input `mels` float32[n, 160, 40]: power mel spectrograms of 1.6 s; output `embeddings` float32[n, 256], each of length 1.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.model_registry.torch_to_onnx import Graph, Weights, read_checkpoint

LAYERS, HIDDEN, FRAMES, MELS = 3, 256, 160, 40


def voice_encoder(source: Path, target: Path) -> None:
    """Write the checkpoint `source` to `target` as ONNX."""
    weights = read_checkpoint(source, "model_state")
    graph = Graph("voice_encoder")
    at = graph.add("Transpose", "mels", perm=[1, 0, 2])
    for layer in range(LAYERS):
        at = _layer(graph, weights, at, layer)
    for part in ("weight", "bias"):
        graph.weight(f"linear.{part}", weights[f"linear.{part}"])
    at = graph.add("Relu", graph.add("Gemm", at, "linear.weight", "linear.bias", transB=1))
    graph.add("LpNormalization", at, outputs=["embeddings"], axis=1, p=2)
    graph.write(target, ("mels", ["n", FRAMES, MELS]), ("embeddings", ["n", HIDDEN]))


def _layer(graph: Graph, weights: Weights, given: str, layer: int) -> str:
    """One LSTM layer: its sequence [160, n, 256], of the last layer its final state [n, 256]."""
    bias = np.concatenate(
        [_gates(weights[f"lstm.bias_ih_l{layer}"]), _gates(weights[f"lstm.bias_hh_l{layer}"])]
    )
    names = (
        graph.weight(f"W{layer}", _gates(weights[f"lstm.weight_ih_l{layer}"])[None]),
        graph.weight(f"R{layer}", _gates(weights[f"lstm.weight_hh_l{layer}"])[None]),
        graph.weight(f"B{layer}", bias[None]),
    )
    sequence, state = f"sequence{layer}", f"state{layer}"
    graph.add("LSTM", given, *names, outputs=[sequence, state], hidden_size=HIDDEN)
    last = layer == LAYERS - 1
    axis = graph.weight(f"axis{layer}", np.array([0 if last else 1], np.int64))
    return graph.add("Squeeze", state if last else sequence, axis)


def _gates(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """From PyTorch's order of gates (input, forget, cell, output) to ONNX's (input, output, forget, cell)."""
    entry, forget, cell, output = np.split(value, 4)
    return np.concatenate([entry, output, forget, cell])
