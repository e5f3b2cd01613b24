"""What is wrong with a pipeline's folder or its settings. An operator mends these, so each says how."""

from typing import ClassVar

from moderation.errors import Kind, ServiceError


class PipelineUnusable(ServiceError):
    """Base: the folder cannot be generated with."""

    code: ClassVar[str] = "generator.unusable"
    kind: ClassVar[Kind] = Kind.UNAVAILABLE


class FolderMissing(PipelineUnusable):
    """There is no such folder, or none was named."""

    code = "generator.folder_missing"


class ModelIndexBroken(PipelineUnusable):
    """The folder's `model_index.json` is missing, no JSON, or names parts that are not there."""

    code = "generator.model_index_broken"


class RemoteCodeRefused(PipelineUnusable):
    """A part of the pipeline would run code that is not in the installed libraries."""

    code = "generator.needs_remote_code"


class NotTextToVideo(PipelineUnusable):
    """The pipeline makes no video, or not from text alone."""

    code = "generator.not_text_to_video"


class PipelineUnloadable(PipelineUnusable):
    """The libraries could not load what the folder holds."""

    code = "generator.unloadable"


class OptionUnknown(PipelineUnusable):
    """An option is none of the pipeline's, or is set from the brief."""

    code = "generator.option_unknown"


class DeviceMissing(PipelineUnusable):
    """The device that the settings name is not there."""

    code = "generator.device_missing"
