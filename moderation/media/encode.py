"""Encoding a release: every frame of a file, changed by a callback, into a fresh mp4, in one pass and bounded memory.

The file is decoded in the sandbox like any other; this process only sees pixels and samples. Sound is kept, metadata is not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.media.errors import MediaDamaged
from moderation.media.limits import FOR_ENCODING, MediaLimits
from moderation.media.reader import open_media
from moderation.media.types import SampledFrame, SoundChunk
from moderation.media.writer import Mp4Writer

# Gets uint8[h, w, 3] RGB, which it may draw into, and its time in seconds; returns the picture to show, of the same shape.
FrameEdit = Callable[[NDArray[np.uint8], float], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was written to `path`."""

    path: Path
    frames: int
    duration_s: float


def encode_marked(
    source: Path,
    target: Path,
    edit: FrameEdit,
    *,
    limits: MediaLimits | None = None,
    progress: Callable[[float], None] | None = None,
) -> Encoded:
    """Write `target` (mp4, H.264 and AAC), each frame of the video `source` passed through `edit`.

    `progress` gets a share in [0, 1]. Raises `MediaRejected` when the source cannot be read to its end or is no video;
    then, and when `edit` raises, there is no target.
    """
    with open_media(source, limits=limits or MediaLimits(), plan=FOR_ENCODING) as media:
        if media.info.kind != "video":
            raise MediaDamaged(f"a release needs pictures, this is {media.info.kind}")
        items = media.items()
        first, early = _first_picture(items)
        height, width, _ = first.rgb.shape
        rate = FOR_ENCODING.audio_rate if media.info.has_audio else 0
        expected_s = media.info.duration_s
        with Mp4Writer(target, width=width, height=height, fps=media.info.fps, audio_rate=rate) as writer:
            for item in chain(early, (first,), items):
                if isinstance(item, SoundChunk):
                    writer.sound(item.samples)
                    continue
                if item.rgb.shape != first.rgb.shape:
                    raise MediaDamaged("the picture changes its size")
                writer.picture(edit(item.rgb, item.time_s), item.time_s)
                if progress is not None and expected_s > 0:
                    progress(min(item.time_s / expected_s, 1.0))
        return Encoded(target, writer.frames, media.info.duration_s)


def _first_picture(items: Iterator[SampledFrame | SoundChunk]) -> tuple[SampledFrame, list[SoundChunk]]:
    """The first picture, whose upright size the file gets, and the sound that came before it."""
    early: list[SoundChunk] = []
    for item in items:
        if isinstance(item, SampledFrame):
            return item, early
        early.append(item)
    raise MediaDamaged("no picture")
