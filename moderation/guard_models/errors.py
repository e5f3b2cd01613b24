"""What is wrong with a guard's folder or its settings, which an operator mends; and why a guard could not judge one item."""

from moderation.errors import OperatorError


class GuardUnusable(OperatorError):
    """Base: the folder cannot be judged with."""

    code = "guard.unusable"


class GuardFolderMissing(GuardUnusable):
    """There is no such folder, or none was named."""

    code = "guard.folder_missing"


class GuardFolderBroken(GuardUnusable):
    """A file of the folder is missing or cannot be read."""

    code = "guard.folder_broken"


class GuardCodeRefused(GuardUnusable):
    """The folder would run code of its own."""

    code = "guard.needs_remote_code"


class GuardWeightsRefused(GuardUnusable):
    """The weights are in a format that can run code when it is read."""

    code = "guard.not_safetensors"


class GuardClassUnknown(GuardUnusable):
    """The model is of no class that this slot knows how to ask."""

    code = "guard.class_unknown"


class GuardUnloadable(GuardUnusable):
    """The libraries could not load what the folder holds."""

    code = "guard.unloadable"


class GuardDeviceMissing(GuardUnusable):
    """The device that the settings name is not there."""

    code = "guard.device_missing"


class GuardCategoryUnknown(GuardUnusable):
    """The map of categories names one that the policy does not have."""

    code = "guard.category_unknown"


class GuardFailed(OperatorError):
    """Base: the guard could not judge this text, picture or sound."""

    code = "guard.failed"


class GuardTimedOut(GuardFailed):
    """It took longer than SAFECONDUCT_GUARD_TIMEOUT_S."""

    code = "guard.timeout"


class GuardOutOfMemory(GuardFailed):
    """The device's memory was not enough."""

    code = "guard.out_of_memory"


class GuardNotFinite(GuardFailed):
    """The model computed NaN: damaged weights, or a precision that it does not bear."""

    code = "guard.not_finite"


class GuardUnparsable(GuardFailed):
    """The model's answer is none of those that it was asked for."""

    code = "guard.unparsable"


class GuardTooLong(GuardFailed):
    """The text is longer than what the model can read at once."""

    code = "guard.too_long"


class GuardCrashed(GuardFailed):
    """The libraries failed while the model was running."""

    code = "guard.crashed"
