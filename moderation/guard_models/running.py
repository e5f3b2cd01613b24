"""One guard's model in memory: loaded once on its device, asked by one thread at a time, stopped when its time is up.

Whatever goes wrong has a code of its own (`GuardFailed`), so that a check can say why it could not judge.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from moderation.devices import (
    Device,
    DeviceLock,
    NoSuchDevice,
    is_out_of_memory,
    pick_device,
    release_memory,
    watched,
)
from moderation.errors import shorten
from moderation.guard_models.errors import (
    GuardCrashed,
    GuardDeviceMissing,
    GuardFailed,
    GuardNotFinite,
    GuardOutOfMemory,
    GuardTimedOut,
    GuardUnloadable,
    GuardUnusable,
)
from moderation.guard_models.folder import GuardFolder, folder_revision

log = structlog.get_logger(__name__)
T = TypeVar("T")
P = TypeVar("P")
DEVICE_SETTING = "SAFECONDUCT_GUARD_DEVICE"
TIMEOUT_SETTING = "SAFECONDUCT_GUARD_TIMEOUT_S"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where guards run (`auto`, `cpu`, `cuda`, `cuda:N`), in which precision, and how many seconds one answer may take."""

    device: str = "auto"
    dtype: str = "auto"
    timeout_s: float = 20.0


class Running(Generic[P]):
    """A model and what belongs to it (`P`, whose `model` is a torch module), as `load` makes them from the folder.
    Thread-safe."""

    def __init__(
        self, folder: GuardFolder, placement: Placement, load: Callable[[GuardFolder, Device], P]
    ) -> None:
        self.folder = folder
        self._placement = placement
        self._load = load
        self._parts: P | None = None
        self._revision = ""
        self._opening = threading.Lock()
        self._place: tuple[Device, DeviceLock] | None = None

    @property
    def revision(self) -> str:
        """What a finding pins: the class and a hash of the files."""
        with self._opening:
            self._revision = self._revision or folder_revision(self.folder)
            return self._revision

    @property
    def device(self) -> Device:
        """Where it runs. Raises `GuardDeviceMissing`."""
        return self._placed()[0]

    def load(self) -> P:
        """What was loaded; the first call loads it. Raises `GuardUnusable`."""
        device = self.device
        with self._opening:
            if self._parts is None:
                self._parts = self._opened(device)
            return self._parts

    def ask(self, work: Callable[[P], T]) -> T:
        """`work` with the model, alone on its device. Raises `GuardFailed` or `GuardUnusable`."""
        import torch

        parts = self.load()
        deadline = time.monotonic() + self._placement.timeout_s

        def check() -> None:
            if time.monotonic() > deadline:
                raise GuardTimedOut(
                    f"no answer after {self._placement.timeout_s:g} s", field=TIMEOUT_SETTING,
                    remedy="raise it, or use a faster device or a smaller model",
                )  # fmt: skip

        try:
            with (
                self._placed()[1].held(check),
                watched(iter([parts.model]), check),  # type: ignore[attr-defined]  # every P has one; a protocol cannot say Any
                torch.inference_mode(),
            ):
                return work(parts)
        except (GuardFailed, GuardUnusable):
            raise
        except Exception as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Let go of the model and its memory."""
        with self._opening:
            if self._parts is not None:
                self._parts = None
                release_memory()

    def _opened(self, device: Device) -> P:
        try:
            return self._load(self.folder, device)
        except GuardUnusable:
            raise
        except Exception as error:
            raise GuardUnloadable(
                f"{self.folder.class_name} cannot be loaded: {type(error).__name__}: {shorten(str(error), 300)}",
                field=self.folder.setting, value=str(self.folder.path),
                remedy="check that the folder is complete; `safeconduct guard check FOLDER` tries it",
            ) from error  # fmt: skip

    def _placed(self) -> tuple[Device, DeviceLock]:
        if self._place is None:
            try:
                device = pick_device(self._placement.device, self._placement.dtype)
            except NoSuchDevice as error:
                raise GuardDeviceMissing(
                    str(error), field=DEVICE_SETTING, value=self._placement.device,
                    remedy="name one that is there, or `auto`, or `cpu`; see `nvidia-smi` and CUDA_VISIBLE_DEVICES",
                ) from None  # fmt: skip
            self._place = (device, DeviceLock(device.lock))
        return self._place

    def _failure(self, error: Exception) -> GuardFailed:
        if is_out_of_memory(error):
            release_memory()
            return GuardOutOfMemory("the device's memory is not enough", field=DEVICE_SETTING)
        log.warning("guard_crashed", error=type(error).__name__)
        return GuardCrashed(f"{type(error).__name__}: {shorten(str(error), 300)}")


def open_model(folder: GuardFolder, device: Device) -> Any:
    """The model of the folder's class, from safetensors alone, on its device and ready to be asked. Raises what transformers
    raises."""
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE = True  # a folder is named; this holds for what the libraries may call as well
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    model, report = getattr(transformers, folder.class_name).from_pretrained(
        str(folder.path),
        dtype=getattr(torch, device.dtype),
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    if report["missing_keys"]:
        some = ", ".join(sorted(report["missing_keys"])[:3])
        raise ValueError(f"the weights lack {some}")
    return model.to(device.name).eval()


def finite(logits: Any) -> Any:
    """The tensor itself. Raises `GuardNotFinite` for a NaN: compared with others it would lose, and the item pass."""
    if bool(logits.isnan().any()):
        raise GuardNotFinite(
            "the model computed NaN", remedy="see SAFECONDUCT_GUARD_DTYPE, and check the weights"
        )
    return logits
