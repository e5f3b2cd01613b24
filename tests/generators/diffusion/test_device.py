"""One job at a time on a device: among threads, among processes, and freed by a holder that dies."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from moderation.devices import DeviceLock, is_out_of_memory
from moderation.generation.generators.diffusion.device import choose_device
from moderation.generation.generators.diffusion.errors import DeviceMissing

HOLDER = """
import sys, time
from pathlib import Path
from moderation.devices import DeviceLock
with DeviceLock("gpu-test", Path(sys.argv[1])).held(lambda: None):
    print("held", flush=True)
    time.sleep(60)
"""


class GaveUp(Exception):
    """The waiter was told to stop."""


def impatient(looks: int = 3) -> "list[int]":
    return [looks]


def give_up_after(looks: list[int]) -> None:
    looks[0] -= 1
    if looks[0] < 0:
        raise GaveUp


def test_the_processor_is_taken_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    device = choose_device("auto", "auto")
    assert (device.name, device.dtype, device.lock) == ("cpu", "float32", "")
    with pytest.raises(DeviceMissing, match="SAFECONDUCT_GENERATOR_DEVICE"):
        choose_device("cuda:3", "auto")


def test_a_second_thread_waits_and_may_be_told_to_stop(tmp_path: Path) -> None:
    for lock in (DeviceLock("", tmp_path), DeviceLock("gpu-test", tmp_path)):
        looks = impatient()
        with lock.held(lambda: None), pytest.raises(GaveUp):
            _elsewhere(lock, looks)
        with lock.held(lambda: None):
            pass


def _elsewhere(lock: DeviceLock, looks: list[int]) -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with lock.held(lambda: give_up_after(looks)):
                pass
        except GaveUp as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    if raised:
        raise raised[0]


@pytest.mark.integration
def test_another_process_waits_until_the_holder_dies(tmp_path: Path) -> None:
    lock = DeviceLock("gpu-test", tmp_path)
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        looks = impatient()
        with pytest.raises(GaveUp), lock.held(lambda: give_up_after(looks)):
            pass
        os.kill(child.pid, signal.SIGKILL)
    with lock.held(lambda: give_up_after(impatient(100))):
        pass


def test_devices_of_other_names_do_not_wait_for_each_other(tmp_path: Path) -> None:
    never = impatient(0)
    with (
        DeviceLock("gpu-a", tmp_path).held(lambda: None),
        DeviceLock("gpu-b", tmp_path).held(lambda: give_up_after(never)),
    ):
        assert never == [0]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_that_ran_out_is_told_from_other_failures(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
