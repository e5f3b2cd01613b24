"""The default generator: no GPU, no model, a real video all the same.

It draws the scenes of the prompt, with the words as captions and the portraits of the people asked for, and adds music.
The same brief and portraits give the same bytes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.generation.generators.drawing import SceneArtist
from moderation.generation.generators.music import RATE, compose
from moderation.generation.generators.port import Cancelled, GenerationCancelled, GenerationFailed, Progress
from moderation.generation.generators.script import Scene, write_script
from moderation.media.errors import MediaRejected
from moderation.media.limits import MediaLimits, ReadingPlan
from moderation.media.reader import open_media
from moderation.media.writer import Mp4Writer
from moderation.messages import Brief, Parameters

NAME, VERSION = "storyboard", "1"
REPORTS = 20
_PORTRAIT_PLAN = ReadingPlan(max_side=1024, audio_channels=0)
_PORTRAIT_LIMITS = MediaLimits(wall_s=30, cpu_s=30)


class Storyboard:
    """See the module. Holds no state."""

    def identity(self) -> tuple[str, str]:
        """`("storyboard", version)`."""
        return NAME, VERSION

    def generate(
        self,
        brief: Brief,
        *,
        portraits: Mapping[str, Path],
        references: Sequence[Path],
        target: Path,
        progress: Progress,
        cancelled: Cancelled,
    ) -> None:
        """As `Generator.generate`. Raises `GenerationFailed` when a portrait cannot be read; references are not drawn."""
        del references
        pictures = {handle: _portrait(handle, path) for handle, path in sorted(portraits.items())}
        script = write_script(brief, tuple(pictures))
        look = brief.parameters
        with Mp4Writer(
            target, width=look.width, height=look.height, fps=look.fps, audio_rate=RATE, crf=24
        ) as writer:
            for scene in script:
                _film(scene, look, pictures, writer, progress, cancelled)


def _film(
    scene: Scene,
    look: Parameters,
    pictures: Mapping[str, NDArray[np.uint8]],
    writer: Mp4Writer,
    progress: Progress,
    cancelled: Cancelled,
) -> None:
    """Write one scene, the sound of each frame after its picture, so that nothing piles up."""
    artist = SceneArtist(scene, look.width, look.height, pictures)
    sound = compose(scene.chord, (scene.last - scene.first) / look.fps)
    total = max(1, round(look.seconds * look.fps))
    every = max(1, total // REPORTS)
    played = 0
    for index in range(scene.first, scene.last):
        if cancelled():
            raise GenerationCancelled
        since_s = (index - scene.first) / look.fps
        writer.picture(artist.draw(since_s), index / look.fps)
        until = round((since_s + 1 / look.fps) * RATE)
        writer.sound(sound[played:until])
        played = until
        if (index + 1) % every == 0:
            progress((index + 1) / total)


def _portrait(handle: str, path: Path) -> NDArray[np.uint8]:
    """The picture of a person, decoded in the sandbox: it is an upload like any other."""
    try:
        with open_media(path, limits=_PORTRAIT_LIMITS, plan=_PORTRAIT_PLAN) as media:
            return next(media.frames()).rgb
    except (MediaRejected, FileNotFoundError, StopIteration) as error:
        raise GenerationFailed(
            "generator.portrait_unreadable",
            f"the portrait of {handle} cannot be read: {error}",
            retryable=False,
        ) from error
