"""The `diffusers` generator: a brief made by a local text-to-video pipeline, one at a time on its device.

The pipeline is loaded at the first brief and kept until `close`. It knows no approved person: a brief that asks for one is
refused at once, rather than made into a video that the output gate must hold.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from moderation.devices import Device, DeviceLock, is_out_of_memory, release_memory
from moderation.generation.generators.diffusion.device import choose_device
from moderation.generation.generators.diffusion.errors import PipelineUnusable
from moderation.generation.generators.diffusion.film import check_frames, film
from moderation.generation.generators.diffusion.folder import read_folder
from moderation.generation.generators.diffusion.pipeline import LoadedPipeline, PipelineLimits
from moderation.generation.generators.diffusion.revision import folder_revision
from moderation.generation.generators.diffusion.shape import Grid, Shape, differences
from moderation.generation.generators.diffusion.stopping import Run
from moderation.generation.generators.port import (
    Cancelled,
    GenerationFailed,
    Made,
    Progress,
)
from moderation.messages import Brief

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DiffusionSettings:
    """How to run a pipeline. `device` is `auto`, `cpu`, `cuda` or `cuda:N`; `dtype` `auto` or torch's name; `offload` keeps
    what does not compute out of the GPU's memory (`model`, or `layers`: slowest and smallest); `options` go to the call."""

    folder: Path | None
    device: str = "auto"
    dtype: str = "auto"
    offload: str = "none"
    limits: PipelineLimits = field(default_factory=PipelineLimits)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GeneratorInfo:
    """What generates: its identity, where it runs, and to which sizes it rounds."""

    name: str
    version: str
    device: str
    dtype: str
    grid: Grid


class DiffusersGenerator:
    """See the module. `Generator` and `Pingable`."""

    def __init__(self, settings: DiffusionSettings) -> None:
        """Look at the folder; load nothing. Raises `PipelineUnusable`."""
        self._settings = settings
        self._folder = read_folder(settings.folder)
        self._revision = ""
        self._device: Device | None = None
        self._lock: DeviceLock | None = None
        self._loaded: LoadedPipeline | None = None
        self._opening = threading.Lock()

    def identity(self) -> tuple[str, str]:
        """The pipeline's class, and `sha256:…` over the files it is loaded from."""
        if not self._revision:
            self._revision = folder_revision(self._folder)
        return self._folder.class_name, self._revision

    def ping(self) -> None:
        """Whether the folder is still there and complete, and the device answers. Raises `PipelineUnusable`."""
        read_folder(self._settings.folder)
        self._place()

    def info(self) -> GeneratorInfo:
        """Load it if need be, and say what it is. Raises `PipelineUnusable`."""
        name, version = self.identity()
        device = self._place()[0]
        grid = self._load(lambda: None).grid(self._settings.limits)
        return GeneratorInfo(name, version, device.name, device.dtype, grid)

    def generate(
        self,
        brief: Brief,
        *,
        portraits: Mapping[str, Path],
        references: Sequence[Path],
        target: Path,
        progress: Progress,
        cancelled: Cancelled,
    ) -> Made:
        """As `Generator.generate`. Waits for the device, within the time that `cancelled` gives it."""
        del portraits
        _refuse_people(brief)
        run = Run(progress, cancelled)
        try:
            frames, shape, sound = self._frames(brief, run)
        except PipelineUnusable as error:
            raise GenerationFailed(error.code, str(error), retryable=False) from error
        check_frames(frames)
        frames = frames[: shape.frames]  # some decoders make more
        film(frames, target, fps=shape.fps, check=run.check)
        progress(1.0)
        length = Shape(frames.shape[2], frames.shape[1], frames.shape[0], shape.fps)
        notes = (
            differences(brief.parameters, length),
            "reference files are not used" if references else "",
            "its sound is not kept" if sound else "",
        )
        return Made(length.frames / length.fps, "; ".join(filter(None, notes)))

    def close(self) -> None:
        """Let go of the pipeline and its memory."""
        with self._opening:
            if self._loaded is not None:
                self._loaded = None
                release_memory()

    def _frames(self, brief: Brief, run: Run) -> tuple[NDArray[np.float32], Shape, bool]:
        _, lock = self._place()
        with lock.held(run.check):
            loaded = self._load(run.check)
            shape = loaded.grid(self._settings.limits).fit(brief.parameters)
            once = partial(loaded.run, brief.prompt, shape, brief.parameters.seed, run)
            return _with_memory(once, run), shape, loaded.makes_sound()

    def _load(self, check: Callable[[], None]) -> LoadedPipeline:
        """The pipeline, loaded once, its identity taken first."""
        with self._opening:
            if self._loaded is None:
                settings = self._settings
                self._revision = self._revision or folder_revision(self._folder, check=check)
                self._loaded = LoadedPipeline(
                    self._folder, self._place()[0], offload=settings.offload, options=settings.options
                )
            return self._loaded

    def _place(self) -> tuple[Device, DeviceLock]:
        if self._device is None or self._lock is None:
            self._device = choose_device(self._settings.device, self._settings.dtype)
            self._lock = DeviceLock(self._device.lock)
        return self._device, self._lock


def _with_memory(once: Callable[[], NDArray[np.float32]], run: Run) -> NDArray[np.float32]:
    """Run; when the memory was not enough, free what can be freed and run once more. Raises `GenerationFailed`."""
    for last in (False, True):
        try:
            return once()
        except Exception as error:
            if error is run.raised:
                raise
            if not is_out_of_memory(error):
                raise GenerationFailed(
                    "generator.pipeline_failed",
                    f"the pipeline raised {type(error).__name__}: {str(error)[:300]}",
                    retryable=False,
                ) from error
            if last:
                raise GenerationFailed(
                    "generator.out_of_memory",
                    "the memory is not enough, twice; ask for a smaller or shorter clip, or see SAFECONDUCT_GENERATOR_OFFLOAD",
                    retryable=False,
                ) from error
            log.warning("generator_out_of_memory", error=type(error).__name__)
        release_memory()
    raise AssertionError("the second attempt returns or raises")


def _refuse_people(brief: Brief) -> None:
    if brief.likenesses:
        raise GenerationFailed(
            "generator.likeness_unsupported",
            "a text-to-video pipeline cannot show an approved person; ask without likenesses, or use another generator",
            retryable=False,
        )
