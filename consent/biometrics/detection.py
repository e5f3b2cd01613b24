"""CenterFace: one fully convolutional net that gives every face a box, a score and five key points.

Decoding follows the paper (Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019): a heat map at
a quarter of the input's size, with log sizes, offsets, and key points relative to the box.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Floats = NDArray[np.float32]

STRIDE = 4
ALIGNED_TO = 32
OVERLAP = 0.3
"""Intersection over union above which the weaker of two boxes is dropped; as in the reference decoder."""


@dataclass(frozen=True, slots=True)
class Detections:
    """`boxes` float32[n, 4] (left, top, right, bottom) and `points` float32[n, 5, 2] (x, y of eyes, nose, mouth corners).

    Both in pixels of the frame; `scores` float32[n] in [0, 1], falling.
    """

    boxes: Floats
    points: Floats
    scores: Floats


class FaceDetector:
    """Finds faces. One thread per call: parallelise over frames (two threads were measured slower for nets this small)."""

    def __init__(self, onnx_file: Path, *, max_side: int, min_score: float) -> None:
        self._session = single_thread_session(_any_size(onnx_file))
        self._max_side = max_side
        self._min_score = min_score

    def detect(self, frame: Frame) -> Detections:
        """Faces in an RGB frame uint8[h, w, 3]; frames larger than `max_side` are looked at in that size."""
        height, width = frame.shape[:2]
        in_height, in_width = input_size(height, width, self._max_side)
        resized = cv2.resize(frame, (in_width, in_height), interpolation=cv2.INTER_AREA)
        blob = np.ascontiguousarray(resized.transpose(2, 0, 1)[None], dtype=np.float32)
        heat, size, offset, points = self._session.run(None, {"input.1": blob})
        found = decode(heat[0, 0], size[0], offset[0], points[0], self._min_score)
        scale = np.array([width / in_width, height / in_height], dtype=np.float32)
        limit = np.array([width, height], dtype=np.float32)
        boxes = np.clip(found.boxes.reshape(-1, 2, 2) * scale, 0, limit).reshape(-1, 4)
        return Detections(boxes, found.points * scale, found.scores)


def input_size(height: int, width: int, max_side: int) -> tuple[int, int]:
    """Height and width for the net: at most `max_side` before both are rounded up to multiples of 32."""
    scale = min(1.0, max_side / max(height, width))
    aligned = [max(1, -(-round(side * scale) // ALIGNED_TO)) * ALIGNED_TO for side in (height, width)]
    return aligned[0], aligned[1]


def decode(heat: Floats, size: Floats, offset: Floats, points: Floats, min_score: float) -> Detections:
    """The net's maps, float32[h, w], [2, h, w], [2, h, w] and [10, h, w], as detections in pixels of its input."""
    rows, columns = np.nonzero(heat > min_score)
    scores = heat[rows, columns]
    box_height, box_width = np.exp(size[:, rows, columns]) * STRIDE
    top = (rows + offset[0, rows, columns] + 0.5) * STRIDE - box_height / 2
    left = (columns + offset[1, rows, columns] + 0.5) * STRIDE - box_width / 2
    boxes = np.stack([left, top, left + box_width, top + box_height], axis=1).astype(np.float32)
    relative = points[:, rows, columns].reshape(5, 2, -1)
    x = relative[:, 1] * box_width + left
    y = relative[:, 0] * box_height + top
    keep = suppress(boxes, scores)
    return Detections(
        boxes[keep], np.stack([x, y], axis=2).transpose(1, 0, 2).astype(np.float32)[keep], scores[keep]
    )


def suppress(boxes: Floats, scores: Floats, overlap: float = OVERLAP) -> NDArray[np.intp]:
    """Indices of the boxes that stay, strongest first: each drops the weaker ones that overlap it by more than `overlap`."""
    left, top, right, bottom = boxes.T
    areas = (right - left) * (bottom - top)
    waiting = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while waiting.size:
        best, rest = waiting[0], waiting[1:]
        kept.append(int(best))
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        shared = np.clip(width, 0, None) * np.clip(height, 0, None)
        waiting = rest[shared <= overlap * (areas[best] + areas[rest] - shared)]
    return np.array(kept, dtype=np.intp)


def single_thread_session(model: bytes | str) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on one CPU thread, from a path or the model's bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _any_size(onnx_file: Path) -> bytes:
    """The model with its declared sizes opened: the published file is declared for one small size, but the net takes any."""
    model = onnx.load(str(onnx_file))
    for value in (*model.graph.input, *model.graph.output):
        shape = value.type.tensor_type.shape.dim
        if len(shape) == 4:
            for axis in (0, 2, 3):
                shape[axis].ClearField("dim_value")
                shape[axis].dim_param = f"{value.name}_{axis}"
    return bytes(model.SerializeToString())
