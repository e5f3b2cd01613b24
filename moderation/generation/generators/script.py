"""What the storyboard shows and when: a prompt cut into scenes. Pure; the same brief gives the same scenes."""

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from moderation.messages import Brief

MAX_SCENES = 5
SHORTEST_SCENE_S = 1.0
FACES_PER_SCENE = 2
CAPTION_LENGTH = 160
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+|\n+")
_PHRASE_END = re.compile(r"(?<=[,;:、，；])\s+|\s+(?=(?:then|while|and then)\s)", re.IGNORECASE)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Shape:
    """A disc that drifts: centre and drift per second as shares of the frame, radius as a share of its height."""

    x: float
    y: float
    radius: float
    drift_x: float
    drift_y: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: frames `first` to `last` (half-open), its words, its people (handles), its look and its chord in Hz."""

    first: int
    last: int
    caption: str
    people: tuple[str, ...]
    top: Colour
    bottom: Colour
    shapes: tuple[Shape, ...]
    chord: tuple[float, ...]


def write_script(brief: Brief, people: Sequence[str]) -> tuple[Scene, ...]:
    """The scenes of `brief`, with everyone of `people` in at least one of them."""
    frames = max(1, round(brief.parameters.seconds * brief.parameters.fps))
    groups = [tuple(people[at : at + FACES_PER_SCENE]) for at in range(0, len(people), FACES_PER_SCENE)]
    affordable = max(1, int(brief.parameters.seconds / SHORTEST_SCENE_S))
    captions = _captions(brief.prompt, min(MAX_SCENES, affordable))
    count = min(max(len(captions), len(groups)), frames)
    edges = [round(frames * at / count) for at in range(count + 1)]
    return tuple(
        _scene(brief, at, edges[at], edges[at + 1], captions[at % len(captions)], groups)
        for at in range(count)
    )


def _captions(prompt: str, most: int) -> list[str]:
    """Sentences; of a single sentence its phrases. Words are never dropped but at the end of a very long caption."""
    parts = [part.strip() for part in _SENTENCE_END.split(prompt) if part.strip()]
    if len(parts) == 1:
        parts = [part.strip() for part in _PHRASE_END.split(parts[0]) if part.strip()]
    if not parts:
        return [prompt.strip()[:CAPTION_LENGTH] or "…"]
    size = -(-len(parts) // most)
    joined = [" ".join(parts[at : at + size]) for at in range(0, len(parts), size)]
    return [text if len(text) <= CAPTION_LENGTH else text[: CAPTION_LENGTH - 1] + "…" for text in joined]


def _scene(
    brief: Brief, at: int, first: int, last: int, caption: str, groups: Sequence[tuple[str, ...]]
) -> Scene:
    chance = _chance(brief, at)
    hue = chance.random()
    return Scene(
        first=first,
        last=last,
        caption=caption,
        people=groups[at % len(groups)] if groups else (),
        top=_colour(hue, 0.55, 0.35),
        bottom=_colour(hue + 0.12, 0.5, 0.75),
        shapes=tuple(_shape(chance, hue) for _ in range(chance.randint(4, 7))),
        chord=_chord(chance),
    )


def _chance(brief: Brief, at: int) -> random.Random:
    """Randomness fixed by the seed, the prompt and the scene: the same on every machine."""
    words = f"{brief.parameters.seed}\0{brief.prompt}\0{at}".encode()
    return random.Random(hashlib.sha256(words).digest())  # noqa: S311  a look, not a secret


def _shape(chance: random.Random, hue: float) -> Shape:
    return Shape(
        x=chance.random(),
        y=chance.random() * 0.8,
        radius=chance.uniform(0.03, 0.14),
        drift_x=chance.uniform(-0.12, 0.12),
        drift_y=chance.uniform(-0.05, 0.05),
        colour=_colour(hue + chance.uniform(0.3, 0.6), 0.5, 0.9),
    )


def _chord(chance: random.Random) -> tuple[float, ...]:
    """A major or minor triad on a tone between A2 and A3, in equal temperament."""
    root = 110.0 * 2 ** (chance.randrange(12) / 12)
    third = chance.choice((3, 4))
    return tuple(round(root * 2 ** (steps / 12), 3) for steps in (0, third, 7))


def _colour(hue: float, saturation: float, value: float) -> Colour:
    import colorsys

    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
