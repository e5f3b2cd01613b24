"""A face brought into the pose every embedder of the ArcFace family is trained on: 112 × 112, eyes level.

The least-squares similarity (Umeyama 1991) is written out here: insightface's `norm_crop` calls a function that scikit-image has
deprecated, one face at a time. A test holds the two equal.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float64,
)
"""Where the key points belong, in pixels (x, y): `arcface_dst` of insightface 2.1."""


def similarity(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """The float64[2, 3] rotation, scale and shift that best brings float32[5, 2] points onto the template."""
    source = points.astype(np.float64)
    from_mean, to_mean = source.mean(axis=0), TEMPLATE.mean(axis=0)
    centred, target = source - from_mean, TEMPLATE - to_mean
    u, spread, vt = np.linalg.svd(target.T @ centred)
    turn = np.diag([1.0, np.sign(np.linalg.det(u @ vt))])
    variance = max(float((centred**2).sum()), 1e-12)
    linear = (u @ turn @ vt) * float((spread * turn.diagonal()).sum() / variance)
    return np.column_stack([linear, to_mean - linear @ from_mean])


def misfit(points: NDArray[np.float32]) -> float:
    """How far the points are from a frontal face after alignment: root mean square in pixels of the 112 px crop."""
    matrix = similarity(points)
    moved = points.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return float(np.sqrt(((moved - TEMPLATE) ** 2).sum(axis=1).mean()))


def crop(frame: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The aligned face uint8[112, 112, 3] in the frame's channel order; what lies outside the frame is black."""
    return np.asarray(
        cv2.warpAffine(frame, similarity(points), (SIDE, SIDE), borderValue=0.0), dtype=np.uint8
    )


def sharpness(aligned: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of the aligned crop in grey levels squared: low is blurred."""
    grey = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())
