"""Drawing the storyboard's pictures with Pillow: everything that stands still in a scene is drawn once."""

import textwrap
from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from moderation.generation.generators.script import Scene

# Shares of the frame's height. A portrait is drawn as large as fits: the output gate must find the face again.
PORTRAIT_TOP, PORTRAIT_HEIGHT = 0.04, 0.72
CAPTION_SIZE, HANDLE_SIZE, CAPTION_BOTTOM = 0.045, 0.03, 0.97
SWAY = 0.006  # share of the width by which a portrait moves to and fro

Picture = NDArray[np.uint8]


class SceneArtist:
    """Draws one scene. `portraits` maps handles to pictures, uint8[h, w, 3] RGB."""

    def __init__(self, scene: Scene, width: int, height: int, portraits: Mapping[str, Picture]) -> None:
        self._scene, self._width, self._height = scene, width, height
        self._background = _gradient(scene, width, height)
        self._people = [self._cut(portraits[handle]) for handle in scene.people if handle in portraits]
        self._caption, self._caption_at = self._letter(scene.caption)
        self._handles = [f"@{handle.removeprefix('@')}" for handle in scene.people if handle in portraits]

    def draw(self, time_s: float) -> Picture:
        """The picture `time_s` seconds into the scene: uint8[h, w, 3]."""
        picture = self._background.copy()
        pen = ImageDraw.Draw(picture)
        for shape in self._scene.shapes:
            x = ((shape.x + shape.drift_x * time_s) % 1.2 - 0.1) * self._width
            y = ((shape.y + shape.drift_y * time_s) % 1.2 - 0.1) * self._height
            r = shape.radius * self._height
            pen.ellipse((x - r, y - r, x + r, y + r), fill=shape.colour)
        self._place_people(picture, pen, time_s)
        picture.paste(self._caption, self._caption_at, self._caption)
        return np.asarray(picture)

    def _place_people(self, picture: Image.Image, pen: ImageDraw.ImageDraw, time_s: float) -> None:
        sway = SWAY * self._width * np.sin(2 * np.pi * time_s / 4)
        for at, (portrait, handle) in enumerate(zip(self._people, self._handles, strict=True)):
            middle = self._width * (2 * at + 1) / (2 * len(self._people)) + sway
            left, top = round(middle - portrait.width / 2), round(PORTRAIT_TOP * self._height)
            picture.paste(portrait, (left, top))
            pen.text((left + 6, top + 4), handle, fill="white", font=_font(HANDLE_SIZE * self._height))

    def _cut(self, portrait: Picture) -> Image.Image:
        """Scaled into its share of the frame, aspect kept."""
        box_width, box_height = 0.46 * self._width, PORTRAIT_HEIGHT * self._height
        height, width = portrait.shape[:2]
        scale = min(box_width / width, box_height / height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return Image.fromarray(portrait).resize(size, Image.Resampling.LANCZOS)

    def _letter(self, caption: str) -> tuple[Image.Image, tuple[int, int]]:
        """The caption on a dark plate with transparency, and where its corner goes."""
        font = _font(CAPTION_SIZE * self._height)
        per_line = max(8, int(0.9 * self._width / max(font.getlength("n"), 1)))
        text = "\n".join(textwrap.wrap(caption, per_line)[:4])
        left, top, right, bottom = ImageDraw.Draw(self._background).multiline_textbbox(
            (0, 0), text, font=font
        )
        margin = round(0.015 * self._height) + 1
        size = round(right - left) + 2 * margin, round(bottom - top) + 2 * margin
        plate = Image.new("RGBA", size, (10, 10, 20, 190))
        ImageDraw.Draw(plate).multiline_text(
            (margin - left, margin - top), text, font=font, fill="white", align="center"
        )
        return plate, ((self._width - size[0]) // 2, round(CAPTION_BOTTOM * self._height) - size[1])


def _gradient(scene: Scene, width: int, height: int) -> Image.Image:
    blend = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    rows = (1 - blend) * np.array(scene.top, np.float32) + blend * np.array(scene.bottom, np.float32)
    return Image.fromarray(np.repeat(rows.astype(np.uint8)[:, None, :], width, axis=1))


def _font(size: float) -> ImageFont.FreeTypeFont:
    """The font inside Pillow: the same on every machine. It has Latin letters; others show as boxes."""
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(max(8, round(size))))
