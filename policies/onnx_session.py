"""How the models of pictures and sound are opened: ONNX networks on one core each, for the gate runs many side by side.

onnxruntime is imported when a model is first needed: it takes longer than most commands do.
"""

import threading
from pathlib import Path
from typing import Any, Final

ERRORS_ONLY: Final = 3
"""onnxruntime's level of severity for a network whose known warnings say nothing; -1 is the level of the process."""


class OnnxFile:
    """A network in a file that is read when first needed. Safe to share between threads; each run uses one thread. `model`: what
    it is called when it is missing."""

    def __init__(self, path: Path, model: str) -> None:
        self._path = path
        self._model = model
        self._lock = threading.Lock()
        self._session: Any = None

    def session(self) -> Any:
        """The network, opened once. Raises as `open_session`."""
        with self._lock:
            if self._session is None:
                self._session = open_session(self._path, self._model)
            return self._session


def open_session(path: Path, model: str, *, severity: int = -1) -> Any:
    """The network in the file, on one thread. Raises FileNotFoundError, which calls it `model`, where there is no file."""
    if not path.is_file():
        raise FileNotFoundError(f"{model}: no file at {path}; fetch the models or give another path")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = severity
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
