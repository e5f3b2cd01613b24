"""Weights that ship: matrices in eight bits, one scale per row, the rest as it is, in one npz file.

A quarter of the size for an error below half a step of each row's 254 (weight-only, symmetric: Gholami et al. 2021, "A Survey of
Quantization Methods", section III-B). They are computed with in float32, so nothing else about the network changes.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]

STEPS = 127
MIN_ELEMENTS = 4096
"""Smaller matrices are kept as they are: they weigh nothing."""
_SCALE = "scale:"
FORMAT = 2


class WeightsUnreadable(ValueError):
    """The weights file is not what this version writes. Train again, or use the file that ships."""

    code = "text.weights_unreadable"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"text classifier weights {path}: {problem}; train again or restore the shipped file"
        )


def quantise(rows: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """int8[n, m] and float32[n] scales of `rows` float32[n, m]; rows of zeros stay zeros."""
    scale = np.abs(rows).max(axis=1) / STEPS
    divisor = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(rows / divisor[:, None]).astype(np.int8), divisor


def rounded(rows: Floats) -> Floats:
    """`rows` as they will be read back: what is measured during training is what ships."""
    if rows.ndim != 2 or rows.size < MIN_ELEMENTS:
        return rows
    whole, scale = quantise(rows)
    return whole.astype(np.float32) * scale[:, None]


def write_packed(path: Path, tensors: Mapping[str, Floats], **plain: Array) -> None:
    """Write `tensors` packed, and the arrays `plain` as they are, under their names."""
    arrays: dict[str, Array] = {"format": np.array(FORMAT), **plain}
    for name, tensor in tensors.items():
        if tensor.ndim == 2 and tensor.size >= MIN_ELEMENTS:
            arrays[name], arrays[_SCALE + name] = quantise(tensor)
        else:
            arrays[name] = tensor.astype(np.float32)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as its one flag


class Packed:
    """The arrays of one file by name; `revision` is the hash of its bytes."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError, and WeightsUnreadable for a file of another kind or format."""
        data = path.read_bytes()
        self.path = path
        self.revision = f"sha256:{hashlib.sha256(data).hexdigest()[:12]}"
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                self._arrays = {name: file[name] for name in file.files}
            found = int(self._arrays["format"])
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise WeightsUnreadable(path, f"not an archive of weights ({error})") from error
        if found != FORMAT:
            raise WeightsUnreadable(path, f"written in format {found}, this version reads {FORMAT}")

    def plain(self, name: str) -> Array:
        """An array as it was written. Raises WeightsUnreadable when there is none of this name."""
        try:
            found: Array = self._arrays[name]
        except KeyError as error:
            raise WeightsUnreadable(self.path, f"has no array {name!r}") from error
        return found

    def tensor(self, name: str) -> Floats:
        """A tensor as float32. Raises WeightsUnreadable when there is none of this name."""
        found = self.plain(name)
        if found.dtype == np.int8:
            return found.astype(np.float32) * self.scale(name)[:, None]
        return found.astype(np.float32)

    def scale(self, name: str) -> Floats:
        """The scales of a packed tensor's rows, float32[n]."""
        return self.plain(_SCALE + name).astype(np.float32)

    def tensors(self, prefix: str) -> dict[str, Floats]:
        """Every tensor whose name begins with `prefix`, by the rest of its name; neither scales nor texts are tensors."""
        names = [
            name
            for name, values in self._arrays.items()
            if name.startswith(prefix)
            and values.ndim > 0
            and values.dtype.kind in "fi"
            and _SCALE not in name
        ]
        return {name.removeprefix(prefix): self.tensor(name) for name in names}
