"""Which part a cluster of rows belongs to. The rule is a hash, so the split is fixed by this file and needs no list."""

import hashlib
from typing import Literal

Part = Literal["train", "tune", "test"]

_SALT = "safeconduct text classifier split 1:"


def part_of(cluster: str) -> Part:
    """70 % of clusters train the weights, 15 % tune calibration and thresholds, 15 % are only ever measured.

    Near-duplicates, templates and benign/unsafe twins share a cluster, so none of them straddles two parts.
    """
    bucket = int(hashlib.sha256((_SALT + cluster).encode()).hexdigest(), 16) % 20
    if bucket < 3:
        return "test"
    return "tune" if bucket < 6 else "train"
