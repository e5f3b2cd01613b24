"""A pipeline loaded from its folder, and one run of it: prompt, seed and shape in, frames out.

Everything that differs between classes of pipelines is read from the loaded pipeline: names of parameters, sizes of its grid,
how many frames it makes by default.
"""

import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.devices import Device, watched
from moderation.errors import shorten
from moderation.generation.generators.diffusion.errors import (
    NotTextToVideo,
    OptionUnknown,
    PipelineUnloadable,
)
from moderation.generation.generators.diffusion.folder import FOLDER_SETTING, PipelineFolder
from moderation.generation.generators.diffusion.shape import Grid, Shape
from moderation.generation.generators.diffusion.stopping import Run

FRAMES = ("num_frames", "video_length", "frames")
CALLBACK = "callback_on_step_end"
RESERVED = frozenset(
    {"prompt", "width", "height", "generator", "output_type", "return_dict", "frame_rate", CALLBACK, *FRAMES}
)
DEFAULT_FRAMES = 49
# The sides that `check_inputs` of diffusers 0.42 asks for; a pipeline whose models ask for more gets the common multiple.
SIDES = {"LTX": 32, "Sana": 32}
DEFAULT_SIDE = 16
# Half precision costs these decoders visible quality; the documentation of diffusers loads them so.
EXACT_DECODERS = ("WanPipeline",)
_SPATIAL = (
    "vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_spatial_scale_factor", "vae_scale_factor"
)  # fmt: skip
_TEMPORAL = ("vae_scale_factor_temporal", "vae_temporal_compression_ratio", "vae_temporal_scale_factor")


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """What the operator allows: pixels of a frame, frames of a clip (0: as many as the pipeline makes by default), and the
    rate it was trained for (0: the brief's)."""

    max_pixels: int = 1280 * 720
    max_frames: int = 0
    fps: int = 0


class LoadedPipeline:
    """A text-to-video pipeline in memory. One run at a time: its scheduler holds the state of the run."""

    def __init__(
        self, folder: PipelineFolder, device: Device, *, offload: str, options: Mapping[str, Any]
    ) -> None:
        """Load it. Raises `PipelineUnusable`."""
        self._pipeline = _load(folder, device, offload)
        self._takes = inspect.signature(self._pipeline.__call__).parameters
        self._frames = _frames_parameter(folder, self._takes)
        _check_options(folder, options, self._takes)
        self._options = dict(options)

    def grid(self, limits: PipelineLimits) -> Grid:
        """What it takes, within the operator's limits."""
        pipeline, name = self._pipeline, type(self._pipeline).__name__
        side = next((side for prefix, side in SIDES.items() if name.startswith(prefix)), DEFAULT_SIDE)
        default = self._takes[self._frames].default
        return Grid(
            side=math.lcm(side, _number(pipeline, _SPATIAL, 8) * _patch(pipeline)),
            frame_step=_number(pipeline, _TEMPORAL, 1),
            max_frames=limits.max_frames or (default if isinstance(default, int) else DEFAULT_FRAMES),
            max_pixels=limits.max_pixels,
            fps=limits.fps,
        )

    def run(self, prompt: str, shape: Shape, seed: int, run: Run, **options: Any) -> NDArray[np.float32]:
        """The frames, float32[n, h, w, 3], nominally in [0, 1]. The same seed gives the same frames on the same device and
        versions. Raises what `run` raises, and whatever the pipeline does."""
        import torch

        arguments: dict[str, Any] = {
            **self._options,
            **options,
            "prompt": prompt,
            "width": shape.width,
            "height": shape.height,
            self._frames: shape.frames,
            "generator": torch.Generator("cpu").manual_seed(seed),  # the same noise whatever the device
            "output_type": "np",
        }
        if "frame_rate" in self._takes:
            arguments["frame_rate"] = shape.fps
        if CALLBACK in self._takes:
            arguments[CALLBACK] = run.step
        try:
            with watched(self._models(), run.check), torch.inference_mode():
                made = self._pipeline(**arguments)
        finally:
            self._pipeline.maybe_free_model_hooks()
        return np.asarray(made.frames[0], dtype=np.float32)

    def makes_sound(self) -> bool:
        """Whether it makes sound, too, which is not kept."""
        return "audio_vae" in self._pipeline.components

    def _models(self) -> Iterator[Any]:
        import torch

        return (part for part in self._pipeline.components.values() if isinstance(part, torch.nn.Module))


def _load(folder: PipelineFolder, device: Device, offload: str) -> Any:
    try:
        from huggingface_hub import constants

        constants.HF_HUB_OFFLINE = (
            True  # a folder is named below; this holds for what its libraries may call as well
        )
        import diffusers
    except ImportError as error:
        raise PipelineUnloadable(
            "the package diffusers is not installed", field="SAFECONDUCT_GENERATOR", value="diffusers",
            remedy="pip install 'safeconduct[diffusers]'",
        ) from error  # fmt: skip
    _check_class(folder, diffusers)
    import torch
    import transformers

    for library in (diffusers, transformers):  # their bars would break the log's lines
        library.utils.logging.disable_progress_bar()
    dtype = getattr(torch, device.dtype)
    exact = {"vae": torch.float32, "default": dtype} if folder.class_name in EXACT_DECODERS else dtype
    try:
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            str(folder.path),
            dtype=exact,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        return _placed(pipeline, device, offload)
    except Exception as error:
        raise PipelineUnloadable(
            f"{folder.class_name} cannot be loaded: {type(error).__name__}: {shorten(str(error), 300)}",
            field=FOLDER_SETTING, value=str(folder.path),
            remedy="check that the folder is complete and its weights are safetensors; "
            "for memory see SAFECONDUCT_GENERATOR_OFFLOAD",
        ) from error  # fmt: skip


def _placed(pipeline: Any, device: Device, offload: str) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    if offload == "none" or device.name == "cpu":
        return pipeline.to(device.name)
    if hasattr(getattr(pipeline, "vae", None), "enable_tiling"):
        pipeline.vae.enable_tiling()
    if offload == "model":
        pipeline.enable_model_cpu_offload(device=device.name)
    else:
        pipeline.enable_sequential_cpu_offload(device=device.name)
    return pipeline


def _check_class(folder: PipelineFolder, diffusers: Any) -> None:
    kind = getattr(diffusers, folder.class_name, None)
    if not (inspect.isclass(kind) and issubclass(kind, diffusers.DiffusionPipeline)):
        raise PipelineUnloadable(
            f"diffusers {diffusers.__version__} has no pipeline {folder.class_name}",
            field=FOLDER_SETTING, value=str(folder.path),
            remedy="install the version of diffusers that the folder was made for",
        )  # fmt: skip
    _frames_parameter(folder, inspect.signature(kind.__call__).parameters)


def _frames_parameter(folder: PipelineFolder, takes: Mapping[str, inspect.Parameter]) -> str:
    """How the pipeline calls its number of frames. Raises `NotTextToVideo` unless a prompt is all it needs to make them."""
    frames = next((name for name in FRAMES if name in takes), None)
    needs = {
        name
        for name, parameter in takes.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    } - {"self", "prompt"}
    if frames is None or "prompt" not in takes or needs:
        why = f"it needs {', '.join(sorted(needs))}" if needs else "it takes no prompt, or makes no frames"
        raise NotTextToVideo(
            f"{folder.class_name} makes no video from text alone: {why}", field=FOLDER_SETTING,
            value=str(folder.path), remedy="use a text-to-video pipeline (Wan, LTX, CogVideoX, Hunyuan, AnimateDiff, …)",
        )  # fmt: skip
    return frames


def _check_options(folder: PipelineFolder, options: Mapping[str, Any], takes: Mapping[str, Any]) -> None:
    for name in options:
        if name in RESERVED or name not in takes:
            known = ", ".join(sorted(set(takes) - RESERVED))
            raise OptionUnknown(
                f"{folder.class_name} takes no option {name} here", field="SAFECONDUCT_GENERATOR_OPTIONS",
                value=name, remedy=f"use some of: {known}",
            )  # fmt: skip


def _number(pipeline: Any, names: tuple[str, ...], default: int) -> int:
    found = (getattr(pipeline, name, None) for name in names)
    return next((int(value) for value in found if isinstance(value, int) and value > 0), default)


def _patch(pipeline: Any) -> int:
    """Latent cells that one token of the transformer covers in each direction; 1 where there is none."""
    config = getattr(getattr(pipeline, "transformer", None), "config", None)
    patch = getattr(config, "patch_size", None) or 1
    return int(patch if isinstance(patch, int) else patch[-1])
