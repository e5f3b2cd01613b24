"""From a pipeline's frames to an mp4; frames that are no picture are a failure, not a video."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.generation.generators.port import GenerationFailed
from moderation.media.writer import Mp4Writer

CRF = 17
"""Visually lossless with x264: the release is encoded once more."""
BLANK = 2 / 255
"""Frames whose brightest and darkest sample differ by no more show nothing."""


def check_frames(frames: NDArray[np.float32]) -> None:
    """Raises `GenerationFailed` for frames of the wrong form, with values that are no numbers, or that are blank throughout."""
    if frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
        raise GenerationFailed(
            "generator.output_malformed",
            f"the pipeline made an array of shape {frames.shape}, not frames; report it with the pipeline's class",
            retryable=False,
        )
    if not np.isfinite(frames).all():
        raise GenerationFailed(
            "generator.output_not_finite",
            "the frames hold values that are no numbers; use SAFECONDUCT_GENERATOR_DTYPE=bfloat16 or float32",
            retryable=False,
        )
    if float(frames.max() - frames.min()) <= BLANK:
        raise GenerationFailed(
            "generator.output_blank",
            "every frame is one flat colour; try another seed, or check the weights and the precision",
            retryable=False,
        )


def film(frames: NDArray[np.float32], target: Path, *, fps: int, check: Callable[[], None]) -> None:
    """Write float32[n, h, w, 3] in [0, 1] (clipped) to `target`, silent. `check` is called for each frame and may raise."""
    _, height, width, _ = frames.shape
    with Mp4Writer(target, width=width, height=height, fps=fps, crf=CRF) as writer:
        for index, frame in enumerate(frames):
            check()
            writer.picture(np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8), index / fps)
