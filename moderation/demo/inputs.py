"""The demonstration's files: photographs that ship inside scikit-image, and a damaged file made here."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

PORTRAIT_BOX = (80, 0, 368, 288)
"""Head and shoulders of the astronaut (left, top, right, bottom in pixels of the 512 × 512 photograph)."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the files lie."""

    portrait: Path
    person: Path
    coffee: Path
    damaged: Path


def make_inputs(folder: Path) -> Inputs:
    """Write the files. The astronaut is NASA's portrait of Eileen Collins, in the public domain; the coffee cup is CC0."""
    from skimage import data

    folder.mkdir(parents=True, exist_ok=True)
    inputs = Inputs(
        portrait=folder / "portrait.png",
        person=folder / "person.jpg",
        coffee=folder / "coffee.jpg",
        damaged=folder / "damaged.mp4",
    )
    astronaut = Image.fromarray(data.astronaut())
    astronaut.crop(PORTRAIT_BOX).save(inputs.portrait)
    astronaut.save(inputs.person, quality=92)
    Image.fromarray(data.coffee()).save(inputs.coffee, quality=92)
    inputs.damaged.write_bytes(
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x10\x00mdat" + b"\x17" * 512
    )
    return inputs
