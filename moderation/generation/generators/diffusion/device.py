"""The device that the settings name for a pipeline."""

from moderation.devices import Device, NoSuchDevice, pick_device
from moderation.generation.generators.diffusion.errors import DeviceMissing

DEVICE_SETTING = "SAFECONDUCT_GENERATOR_DEVICE"


def choose_device(wanted: str, dtype: str) -> Device:
    """As `pick_device`. Raises `DeviceMissing`."""
    try:
        return pick_device(wanted, dtype)
    except NoSuchDevice as error:
        raise DeviceMissing(
            str(error), field=DEVICE_SETTING, value=wanted,
            remedy="name one that is there, or `auto`, or `cpu`; see `nvidia-smi` and CUDA_VISIBLE_DEVICES",
        ) from None  # fmt: skip
