"""What fills a picture, by ImageNet's thousand classes: whether it is a firearm, and a word for what else is plainly there.

The classifier names the whole picture. It misses a gun in somebody's hand, and says nothing of what is done with one.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from policies.onnx_session import OnnxFile

SIDE = 224
FIREARMS = ("assault rifle", "revolver", "rifle")
"""Not among them: cleavers, bows, swords' sheaths, cannons, tanks and missiles: kitchens, museums and war history are allowed."""
PLAIN = 0.5
"""Probability from which the picture's class is taken for what it shows."""

Frame = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PictureLook:
    """`firearm`: the probability in [0, 1] that a firearm fills the picture; `label`: the class that is more likely than not, or
    nothing."""

    firearm: float
    label: str


class PictureClassifier:
    """Reads the ONNX file when first needed. Safe to share between threads; each run uses one thread."""

    def __init__(self, model: Path) -> None:
        self._file = OnnxFile(model, "picture classes")

    def look(self, frame: Frame) -> PictureLook:
        """What fills an RGB picture uint8[h, w, 3]. Raises ValueError for another shape, FileNotFoundError without a model."""
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
            raise ValueError(f"frame must be uint8[h, w, 3], got {frame.dtype}{list(frame.shape)}")
        found = self._file.session().run(None, {"images": prepare(frame)})[0][0]
        names = labels()
        best = int(found.argmax())
        firearm = sum(float(found[names.index(name)]) for name in FIREARMS)
        return PictureLook(min(1.0, firearm), names[best] if found[best] >= PLAIN else "")


def prepare(frame: Frame) -> npt.NDArray[np.float32]:
    """float32[1, 3, 224, 224] in RGB, as the weights were trained: (value - 127) / 128 (tensorflow/tpu, efficientnet/lite)."""
    small = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.ascontiguousarray(((small - 127.0) / 128.0).transpose(2, 0, 1)[None])


@cache
def labels() -> tuple[str, ...]:
    """The name of each class, in the order of the net's outputs."""
    text = (resources.files("policies.vision") / "imagenet_labels.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))
