"""Images, by Pillow. Runs in the sandbox only. An animated image is a silent video."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from moderation.media.errors import (
    MediaDamaged,
    MediaTooLarge,
    MediaTooLong,
    MediaTruncated,
    TooManyFrames,
)
from moderation.media.limits import MediaLimits, ReadingPlan
from moderation.media.sampling import THUMB_HEIGHT, THUMB_WIDTH, Sampler
from moderation.media.sniff import Container

Emit = Callable[[str, Mapping[str, Any], memoryview], None]
_NOTHING = memoryview(b"")


def decode_image(
    path: Path, container: Container, limits: MediaLimits, plan: ReadingPlan, emit: Emit
) -> None:
    """Emit `info`, each frame, and `end`. Raises `MediaRejected` subclasses."""
    Image.MAX_IMAGE_PIXELS = limits.max_image_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(path, formats=[container.name.upper()]) as image:
            _check_size(image, limits)
            if getattr(image, "n_frames", 1) > 1:
                _decode_animation(image, container, limits, plan, emit)
            else:
                _decode_still(image, container, plan, emit)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise MediaTooLarge(str(error).split(",")[0].removeprefix("Image size ")) from error
    except (
        OSError,
        EOFError,
    ) as error:  # UnidentifiedImageError too: the magic is there, the header makes no sense
        if "truncated" in str(error).lower():
            raise MediaTruncated(container.name) from error
        raise MediaDamaged(container.name) from error
    except (SyntaxError, ValueError) as error:  # Pillow's plugins raise these on broken files
        if "too large" in str(error):
            raise MediaTooLarge("a text chunk that unfolds without end") from error
        raise MediaDamaged(container.name) from error


def _check_size(image: Image.Image, limits: MediaLimits) -> None:
    width, height = image.size
    if width * height > limits.max_image_pixels:
        raise MediaTooLarge(f"{width} × {height} px, at most {limits.max_image_pixels} pixels")


def _decode_still(image: Image.Image, container: Container, plan: ReadingPlan, emit: Emit) -> None:
    if plan.max_side:
        image.draft("RGB", (plan.max_side, plan.max_side))  # JPEG decodes to an eighth where that is enough
    views = list(_views(image))
    info = {"kind": "image", "container": container.name, "duration_s": 0.0, "fps": 0.0, "has_audio": False}
    width, height = views[0].size
    emit("info", {**info, "width": width, "height": height, "frames": len(views)}, _NOTHING)
    for index, view in enumerate(views):
        _emit_frame(view, 0.0, index > 0, plan, emit)
    emit("end", {"frames": len(views), "duration_s": 0.0}, _NOTHING)


def _views(image: Image.Image) -> Iterator[Image.Image]:
    """The picture as shown; one with transparency over white and over black, for a viewer may choose either."""
    upright = ImageOps.exif_transpose(image)
    if not upright.has_transparency_data:
        yield upright.convert("RGB")
        return
    picture = upright.convert("RGBA")
    for background in ("white", "black"):
        canvas = Image.new("RGBA", picture.size, background)
        canvas.alpha_composite(picture)
        yield canvas.convert("RGB")


def _decode_animation(
    image: Image.Image, container: Container, limits: MediaLimits, plan: ReadingPlan, emit: Emit
) -> None:
    width, height = image.size
    count = int(getattr(image, "n_frames", 1))
    if count > limits.max_decoded_frames or width * height > limits.max_video_pixels:
        raise TooManyFrames(f"{count} frames of {width} × {height} px")
    info = {"kind": "video", "container": container.name, "fps": 0.0, "has_audio": False, "duration_s": 0.0}
    emit("info", {**info, "width": width, "height": height, "frames": count}, _NOTHING)
    sampler = Sampler(per_second=plan.frames_per_second, max_frames=limits.max_sampled_frames)
    time_s = 0.0
    for index in range(count):
        image.seek(index)
        picture = image.convert("RGB")
        small = picture.convert("L").resize((THUMB_WIDTH, THUMB_HEIGHT), Image.Resampling.BOX)
        wanted, scene = sampler.take(time_s, np.asarray(small))
        if wanted or plan.every_frame:
            _emit_frame(picture, time_s, scene, plan, emit)
        time_s += max(float(image.info.get("duration", 100)), 10.0) / 1000.0
        if time_s > limits.max_duration_s:
            raise MediaTooLong(f"{time_s:.0f} s, at most {limits.max_duration_s:.0f} s")
    emit("end", {"frames": count, "duration_s": time_s}, _NOTHING)


def _emit_frame(picture: Image.Image, time_s: float, scene: bool, plan: ReadingPlan, emit: Emit) -> None:
    if plan.max_side and max(picture.size) > plan.max_side:
        picture = picture.copy()
        picture.thumbnail((plan.max_side, plan.max_side), Image.Resampling.BOX, reducing_gap=None)
    rgb = np.ascontiguousarray(np.asarray(picture, dtype=np.uint8))
    fields = {"time_s": time_s, "height": rgb.shape[0], "width": rgb.shape[1], "scene": scene}
    emit("frame", fields, rgb.data)
