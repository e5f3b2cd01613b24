"""From what a brief asks to what a pipeline can make: sizes on its grid, no more frames than it was trained for. Pure."""

import math
from dataclasses import dataclass

from moderation.messages import Parameters


@dataclass(frozen=True, slots=True)
class Shape:
    """A clip: pixels, frames, frames per second."""

    width: int
    height: int
    frames: int
    fps: int


@dataclass(frozen=True, slots=True)
class Grid:
    """What a pipeline takes: sides in multiples of `side` pixels, `frame_step`·k + 1 frames (any number for 1).

    At most `max_pixels` in a frame and `max_frames` in a clip; `fps` is the rate it was trained for, 0 takes the brief's.
    """

    side: int
    frame_step: int
    max_frames: int
    max_pixels: int
    fps: int = 0

    def fit(self, wanted: Parameters) -> Shape:
        """The clip nearest to what is wanted: smaller where it is too large (its form kept), shorter where it is too long."""
        scale = min(1.0, math.sqrt(self.max_pixels / (wanted.width * wanted.height)))
        width, height = self._side(wanted.width * scale), self._side(wanted.height * scale)
        while width * height > self.max_pixels and max(width, height) > self.side:
            width, height = self._shorter(width, height)
        fps = self.fps or wanted.fps
        return Shape(width, height, self._frames(wanted.seconds * fps), fps)

    def _side(self, pixels: float) -> int:
        return max(1, round(pixels / self.side)) * self.side

    def _shorter(self, width: int, height: int) -> tuple[int, int]:
        return (width - self.side, height) if width >= height else (width, height - self.side)

    def _frames(self, wanted: float) -> int:
        steps = max(0, round((wanted - 1) / self.frame_step))
        affordable = max(0, (self.max_frames - 1) // self.frame_step)
        return min(steps, affordable) * self.frame_step + 1


def differences(wanted: Parameters, made: Shape) -> str:
    """What was made otherwise than asked, in words; empty when nothing was."""
    said = []
    if (wanted.width, wanted.height) != (made.width, made.height):
        said.append(f"size {wanted.width}x{wanted.height} became {made.width}x{made.height}")
    if wanted.fps != made.fps:
        said.append(f"{wanted.fps} frames per second became {made.fps}")
    seconds = made.frames / made.fps
    if abs(seconds - wanted.seconds) > 1 / made.fps:
        said.append(f"{wanted.seconds:g} s became {seconds:.2f} s")
    return "; ".join(said)
