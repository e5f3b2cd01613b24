"""Scores pictures for nudity and sexual imagery with Yahoo's open_nsfw (a ResNet-50 thin, in ONNX).

The preparation follows the reference: stretch to 256×256, centre 224×224, a JPEG round trip as the training images had,
BGR less the mean of ImageNet. The model knows photographs; drawings and small figures are its weak side.
"""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from policies.onnx_session import OnnxFile

MEAN_BGR = np.array([104, 117, 123], dtype=np.float32)
"""The training mean (github.com/yahoo/open_nsfw, classify_nsfw.py)."""
RESIZE, CROP = 256, 224
BATCH = 8
"""Frames per run: bounds the memory whatever the length of the clip."""
JPEG_QUALITY = 75
"""The reference saves with Pillow's default quality."""

Frames = npt.NDArray[np.uint8]


class NudityScorer:
    """Reads the ONNX file when first needed. Safe to share between threads; each run uses one thread."""

    def __init__(self, model: Path) -> None:
        self._file = OnnxFile(model, "nudity model")

    def score(self, frames: Frames) -> npt.NDArray[np.float32]:
        """The probability of sexual imagery, float32[n] in [0, 1], for `frames` uint8[n, h, w, 3] RGB.

        Frames are computed one by one, so a frame's score does not depend on its neighbours. Raises ValueError for
        another shape or type, FileNotFoundError when the model is missing.
        """
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape[1:3]:
            raise ValueError(f"frames must be uint8[n, h, w, 3], got {frames.dtype}{list(frames.shape)}")
        session = self._file.session()
        name = session.get_inputs()[0].name
        scores = [session.run(None, {name: prepare(frame)[None]})[0][0, 1] for frame in frames]
        return np.array(scores, dtype=np.float32)


def prepare(frame: Frames) -> npt.NDArray[np.float32]:
    """float32[224, 224, 3] BGR, mean subtracted, from one uint8[h, w, 3] RGB frame."""
    edge = (RESIZE - CROP) // 2
    resized = Image.fromarray(frame).resize((RESIZE, RESIZE), Image.Resampling.BILINEAR)
    cropped = resized.crop((edge, edge, edge + CROP, edge + CROP))
    with io.BytesIO() as buffer:
        cropped.save(buffer, format="JPEG", quality=JPEG_QUALITY)
        buffer.seek(0)
        pixels = np.asarray(Image.open(buffer), dtype=np.float32)
    return np.ascontiguousarray(pixels[:, :, ::-1] - MEAN_BGR)
