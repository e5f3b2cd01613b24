"""Measure the face model on labelled pictures: what each threshold costs. The table in `thresholds` comes from here.

    python -m consent.biometrics.evaluate --models DIR --images DIR [--every N]

`--images` holds files named `Person_Name_0001.jpg`, as LFW does; the face nearest the middle counts. Prints JSON.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from consent.biometrics.detection import Frame
from consent.biometrics.faces import Face, FaceModel

THRESHOLDS = (0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60)
Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Rate:
    """`events` of `trials`, with the 95 % Wilson score interval (Wilson 1927)."""

    events: int
    trials: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """What one threshold does: strangers taken for one person, one person taken for strangers."""

    threshold: float
    false_match: Rate
    false_non_match: Rate


def wilson(events: int, trials: int) -> Rate:
    """The 95 % interval of a proportion; (0, 1) without trials."""
    if not trials:
        return Rate(events, trials, 0.0, 1.0)
    share, z2 = events / trials, Z_95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return Rate(events, trials, max(0.0, centre - half), min(1.0, centre + half))


def compare_all(embeddings: NDArray[np.float32], people: Sequence[str]) -> tuple[Row, ...]:
    """Every pair of float32[n, d] unit vectors at every threshold; `people` names each row's person."""
    cosines = embeddings @ embeddings.T
    names = np.asarray(people)
    pairs = np.triu(np.ones(cosines.shape, dtype=bool), 1)
    alike = names[:, None] == names[None, :]
    genuine, impostor = cosines[pairs & alike], cosines[pairs & ~alike]
    return tuple(
        Row(
            threshold,
            wilson(int((impostor > threshold).sum()), impostor.size),
            wilson(int((genuine <= threshold).sum()), genuine.size),
        )
        for threshold in THRESHOLDS
    )


def middle_face(faces: Iterable[Face]) -> Face | None:
    """The face whose centre is nearest the picture's; None without faces."""
    return min(
        faces,
        key=lambda face: math.hypot(face.left + face.right - 1, face.top + face.bottom - 1),
        default=None,
    )


def person_of(file: Path) -> str:
    """`Ann_Lee_0003.jpg` is of `Ann_Lee`."""
    return file.stem.rpartition("_")[0]


def read_picture(file: Path) -> Frame:
    """The file as RGB uint8[h, w, 3]. Raises `ValueError` for what is no picture: it would otherwise count as no face."""
    picture = cv2.imread(str(file))
    if picture is None:
        raise ValueError(f"--images: {file.name} is no readable picture; take it out of the folder")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the pictures, compare all, print JSON; exit status 0, or 2 when nothing could be compared."""
    parser = argparse.ArgumentParser(description="What each threshold costs on labelled pictures of faces.")
    parser.add_argument(
        "--models", type=Path, required=True, help="folder that `safeconduct models fetch` fills"
    )
    parser.add_argument("--images", type=Path, required=True, help="folder of Person_Name_0001.jpg files")
    parser.add_argument("--every", type=int, default=1, help="take every Nth picture")
    given = parser.parse_args(arguments)
    model = FaceModel(
        given.models / "face_detection" / "centerface.onnx",
        given.models / "face_embedding" / "fr_feature.onnx",
    )
    files = sorted(given.images.glob("*.jpg"))[:: given.every]
    found = [(file, middle_face(model.faces(read_picture(file)))) for file in files]
    kept = [(file, face) for file, face in found if face is not None]
    if len(kept) < 2:
        sys.stderr.write(f"--images: {len(kept)} faces in {len(files)} files; give at least two\n")
        return 2
    rows = compare_all(np.stack([face.embedding for _, face in kept]), [person_of(file) for file, _ in kept])
    report = {
        "model": model.revision,
        "pictures": len(files),
        "without_a_face": len(files) - len(kept),
        "unusable": sum(not face.usable for _, face in kept),
        "rows": [asdict(row) for row in rows],
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
