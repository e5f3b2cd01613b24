"""Faces in a frame, with the embedding by which two are compared. Detection and embedding are one model to the rest: `FaceModel`.

A face too small, too blurred or too far from frontal gets no say: masked, cartoon and tiny faces collapse onto each other
(similarity up to .84 was measured), and a match of two means nothing. Such a face is `usable=False`, with the reason.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from consent.biometrics import alignment
from consent.biometrics.detection import FaceDetector, Frame, single_thread_session
from consent.errors import ConsentError

Embedding = NDArray[np.float32]
DIMENSION = 512

METHOD = "1"
"""Raise it when alignment or preprocessing changes: templates of different methods are not comparable."""


@dataclass(frozen=True, slots=True)
class FaceGates:
    """When a face counts; the defaults were chosen on 3,811 images of LFW, folds 1 to 5.

    `min_score` in [0, 1]: below it nothing is a face. `min_size_px`: shorter side of the box; different people in group photos
    matched in 0.5 % of pairs at 30 to 50 px and in none above. `min_sharpness`: grey levels squared (`alignment.sharpness`); at
    10 a blurred face still finds itself and, of 1.8 M comparisons, no more strangers than a sharp one. `max_misfit_px`
    (`alignment.misfit`): above the 99.9th percentile of LFW. `max_side`: pixels; a 30 px face in a 1280 px frame is found at 640.
    """

    min_score: float = 0.5
    min_size_px: float = 50.0
    min_sharpness: float = 10.0
    max_misfit_px: float = 10.0
    max_side: int = 640


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face. The box is in fractions of the frame, [0, 1]; `size_px` is its shorter side in the frame's pixels.

    `embedding` is float32[512] of length 1, and is biometric data: it is left out of the repr. `usable` False: do not compare it;
    `reason` is then one of `too_small`, `blurred`, `turned_away`.
    """

    left: float
    top: float
    right: float
    bottom: float
    size_px: float
    score: float
    sharpness: float
    misfit_px: float
    embedding: Embedding = field(repr=False)
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether the embedding may be compared or enrolled."""
        return not self.reason


class FrameInvalid(ConsentError):
    """The array is no RGB frame."""

    code = "face.frame_invalid"


class FaceModel:
    """Detector and embedder. Calls from several threads are safe; each runs on one CPU thread."""

    def __init__(self, detector_onnx: Path, embedder_onnx: Path, gates: FaceGates | None = None) -> None:
        # Imported here: insightface takes half a second, and the help of the command line should not.
        from insightface.model_zoo.arcface_onnx import ArcFaceONNX

        self._gates = gates or FaceGates()
        self._detector = FaceDetector(
            detector_onnx, max_side=self._gates.max_side, min_score=self._gates.min_score
        )
        self._embedder = ArcFaceONNX(str(embedder_onnx), single_thread_session(str(embedder_onnx)))
        self.revision = _revision(detector_onnx, embedder_onnx)

    def faces(self, frame: Frame) -> tuple[Face, ...]:
        """Every face of an RGB frame uint8[h, w, 3], surest first. Raises `FrameInvalid`."""
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or 0 in frame.shape:
            raise FrameInvalid(
                f"frame: {frame.dtype}{list(frame.shape)} is no picture; give uint8[height, width, 3] in RGB"
            )
        found = self._detector.detect(frame)
        height, width = frame.shape[:2]
        faces = []
        for box, points, score in zip(found.boxes, found.points, found.scores, strict=True):
            crop = alignment.crop(frame, points)
            size = float(min(box[2] - box[0], box[3] - box[1]))
            sharpness, misfit = alignment.sharpness(crop), alignment.misfit(points)
            face = Face(
                left=float(box[0] / width),
                top=float(box[1] / height),
                right=float(box[2] / width),
                bottom=float(box[3] / height),
                size_px=size,
                score=float(score),
                sharpness=sharpness,
                misfit_px=misfit,
                embedding=self._embed(crop),
                reason=_why_unusable(self._gates, size, sharpness, misfit),
            )
            faces.append(face)
        return tuple(faces)

    def _embed(self, crop: Frame) -> Embedding:
        raw = self._embedder.get_feat(cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)).reshape(-1)
        length = float(np.linalg.norm(raw))
        return np.asarray(raw / max(length, 1e-12), dtype=np.float32)


def _why_unusable(gates: FaceGates, size_px: float, sharpness: float, misfit_px: float) -> str:
    if size_px < gates.min_size_px:
        return "too_small"
    if sharpness < gates.min_sharpness:
        return "blurred"
    return "turned_away" if misfit_px > gates.max_misfit_px else ""


def _revision(detector_onnx: Path, embedder_onnx: Path) -> str:
    """`face:` and 12 hex digits over both files' sha256 and the method: equal means comparable embeddings."""
    digest = hashlib.sha256(METHOD.encode())
    for file in (detector_onnx, embedder_onnx):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return f"face:{digest.hexdigest()[:12]}"
