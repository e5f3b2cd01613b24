"""Encoding a release: every frame of a file, drawn into by a callback, into a fresh mp4, in one pass and bounded memory.

The file is decoded in the sandbox like any other, beside the encoder here; this process only sees pixels and samples. Frames
stay in the form that the encoder takes. Sound is kept, metadata is not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from moderation.media import planar
from moderation.media.errors import MediaDamaged
from moderation.media.limits import FOR_ENCODING, MediaLimits
from moderation.media.reader import Item, open_media
from moderation.media.types import PlanarFrame, SoundChunk
from moderation.media.writer import Mp4Writer

# Gets the planes of a frame, which it draws into (see `media.planar.planes_of`), and its time in seconds.
FrameEdit = Callable[[planar.Planes, float], None]


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
        items = map(_planar, media.items())
        first, early = _first_picture(items)
        rows, width = first.packed.shape
        rate = FOR_ENCODING.audio_rate if media.info.has_audio else 0
        expected_s = media.info.duration_s
        with Mp4Writer(
            target, width=width, height=rows * 2 // 3, fps=media.info.fps, audio_rate=rate
        ) as writer:
            for item in chain(early, (first,), items):
                if isinstance(item, SoundChunk):
                    writer.sound(item.samples)
                    continue
                if item.packed.shape != first.packed.shape:
                    raise MediaDamaged("the picture changes its size")
                edit(planar.planes_of(item.packed), item.time_s)
                writer.planes(item.packed, item.time_s)
                if progress is not None and expected_s > 0:
                    progress(min(item.time_s / expected_s, 1.0))
        return Encoded(target, writer.frames, media.info.duration_s)


def _planar(item: Item) -> PlanarFrame | SoundChunk:
    """An animated picture comes in RGB."""
    if isinstance(item, PlanarFrame | SoundChunk):
        return item
    return PlanarFrame(item.time_s, planar.from_rgb(item.rgb))


def _first_picture(items: Iterator[PlanarFrame | SoundChunk]) -> tuple[PlanarFrame, list[SoundChunk]]:
    """The first picture, whose upright size the file gets, and the sound that came before it."""
    early: list[SoundChunk] = []
    for item in items:
        if isinstance(item, PlanarFrame):
            return item, early
        early.append(item)
    raise MediaDamaged("no picture")
