"""One model in memory: its time, its device, its memory, and what is said of each failure."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from moderation.devices import DeviceLock
from moderation.guard_models.errors import GuardFailed, GuardUnusable
from moderation.guard_models.folder import read_folder
from moderation.guard_models.running import Placement, Running
from moderation.guard_models.text import TextGuard
from policies.document import shipped_document

CPU = Placement(device="cpu", timeout_s=120)
DOCUMENT = shipped_document()


@pytest.fixture
def running(llama: Path) -> Running[Any]:
    """A tiny Llama Guard."""
    return TextGuard(read_folder(llama), CPU).running


def raised(running: Running[Any], error: Exception) -> str:
    """The code that an error inside the model becomes."""

    def fail(_parts: Any) -> None:
        raise error

    with pytest.raises(GuardFailed) as caught:
        running.ask(fail)
    return caught.value.code


def test_the_model_is_loaded_once_and_let_go(running: Running[Any]) -> None:
    assert running.load() is running.load()
    first = running.load()
    running.close()
    assert running.load() is not first


def test_without_a_gpu_it_runs_on_the_processor_in_full_precision(running: Running[Any]) -> None:
    assert (running.device.name, running.device.dtype, running.device.lock) == ("cpu", "float32", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "guard.out_of_memory"),
        (MemoryError(), "guard.out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "guard.out_of_memory"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "guard.crashed"),
    ],
)
def test_a_failure_inside_the_model_has_a_code_of_its_own(
    running: Running[Any], error: Exception, code: str
) -> None:
    assert raised(running, error) == code


def test_it_works_on_after_a_failure(running: Running[Any]) -> None:
    assert raised(running, MemoryError()) == "guard.out_of_memory"
    assert running.ask(lambda parts: parts.longest) == 4096


def test_an_answer_that_takes_too_long_is_stopped_inside_the_model(llama: Path) -> None:
    guard = TextGuard(read_folder(llama), replace(CPU, timeout_s=1e-6))
    guard.running.load()
    with pytest.raises(GuardFailed) as caught:
        guard.judge("a lighthouse", DOCUMENT)
    assert caught.value.code == "guard.timeout"


def test_one_job_at_a_time_has_the_device_and_whoever_waits_too_long_could_not_judge(
    llama: Path, tmp_path: Path
) -> None:
    guard = TextGuard(read_folder(llama), replace(CPU, timeout_s=0.3))
    running = guard.running
    running.load()
    lock = DeviceLock("gpu-test", tmp_path)
    running._place = (replace(running.device, lock="gpu-test"), lock)  # as on a GPU
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with DeviceLock("gpu-test", tmp_path).held(
            lambda: None
        ):  # another process' lock: another file handle
            held.set()
            release.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(10)
    with pytest.raises(GuardFailed) as caught:
        guard.judge("a lighthouse", DOCUMENT)
    release.set()
    other.join(10)
    assert caught.value.code == "guard.timeout"


def test_a_gpu_that_is_not_there_is_named(llama: Path) -> None:
    with pytest.raises(GuardUnusable) as caught:
        TextGuard(read_folder(llama), replace(CPU, device="cuda:99")).judge("a lighthouse", DOCUMENT)
    assert caught.value.code == "guard.device_missing"


def test_weights_that_are_cut_off_cannot_be_loaded_and_are_tried_again(own_llama: Path) -> None:
    weights = own_llama / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    guard = TextGuard(read_folder(own_llama), CPU)
    with pytest.raises(GuardUnusable) as caught:
        guard.judge("kill", DOCUMENT)
    assert caught.value.code == "guard.unloadable"
    weights.write_bytes(whole)
    assert guard.judge("kill", DOCUMENT)
