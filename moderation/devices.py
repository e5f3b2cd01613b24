"""Which device a large model runs on, and the lock that lets one job at a time onto a GPU, across the processes of a host."""

import fcntl
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_S = 0.1


class NoSuchDevice(Exception):
    """The device that was named is not there; says how many GPUs are."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device as torch names it (`cuda:0`, `cpu`), the precision of the weights, and the name of its lock ("" for none)."""

    name: str
    dtype: str
    lock: str


def pick_device(wanted: str, dtype: str) -> Device:
    """`auto` takes the first GPU, else the processor. `auto` precision: bfloat16 on a GPU that has it, float16 on another,
    float32 on a processor. Raises `NoSuchDevice`."""
    import torch

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return Device("cpu", "float32" if dtype == "auto" else dtype, "")
    index = int(wanted.partition(":")[2] or 0) if wanted != "auto" else 0
    if index >= torch.cuda.device_count():
        raise NoSuchDevice(f"torch sees {torch.cuda.device_count()} GPUs")
    best = "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    # CUDA_VISIBLE_DEVICES renumbers devices in each process; the hardware's own id is the same in all
    hardware = re.sub(r"[^0-9A-Za-z-]", "", str(torch.cuda.get_device_properties(index).uuid))
    return Device(f"cuda:{index}", best if dtype == "auto" else dtype, f"gpu-{hardware}")


def release_memory() -> None:
    """Give back what no tensor holds any more."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device, or the machine, had no memory left."""
    import torch

    kinds: tuple[Any, ...] = (torch.OutOfMemoryError, MemoryError)
    if isinstance(error, kinds):
        return True
    return isinstance(error, RuntimeError) and bool(re.search(r"can't allocate|out of memory", str(error)))


class DeviceLock:
    """One holder at a time: among the threads of this process, and for a named device among the processes of this host.

    The operating system frees the lock of a process that dies.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._path = (folder or Path(tempfile.gettempdir())) / f"safeconduct-{name}.lock" if name else None
        self._threads = threading.Lock()

    @contextmanager
    def held(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for the lock; `check` is called while waiting and may raise."""
        while not self._threads.acquire(timeout=POLL_S):
            check()
        try:
            if self._path is None:
                yield
            else:
                with _locked(self._path, check):
                    yield
        finally:
            self._threads.release()


def _opened(path: Path) -> int:
    """Another user's worker may have made the file: it is opened for reading, which is all that a lock needs, and made only
    where there is none (Linux refuses to "make" somebody else's file in a shared folder)."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        return os.open(path, flags | os.O_CREAT, 0o644)


@contextmanager
def _locked(path: Path, check: Callable[[], None]) -> Iterator[None]:
    handle = _opened(path)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                check()
                time.sleep(POLL_S)
        yield
    finally:
        os.close(handle)  # frees the lock


@contextmanager
def watched(models: Iterator[Any], check: Callable[[], None]) -> Iterator[None]:
    """Call `check` before each block of the torch modules `models` computes; it may raise."""

    def before(_module: object, _inputs: object) -> None:
        check()

    hooks = [
        block.register_forward_pre_hook(before)
        for model in models
        for block in model.modules()
        if next(block.children(), None) is not None
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
