"""Reads the training text that the project wrote itself (written.txt) and frames it the way prompts are framed."""

import hashlib
from collections.abc import Iterator
from importlib.resources import files

from policies.taxonomy import Category
from policies.text.training.sources import Example

SOURCE = "written"
FRAMES = (
    "a video of {}",
    "create a video in which {}",
    "{}, cinematic, 4k, shallow depth of field",
    "{}, black and white film grain",
    "the video shows {}",
    "the video should show the following: {}",
    "{}, oil painting, highly detailed, dramatic lighting",
    "{}. slow motion, handheld camera",
    "an image of {}",
    "generate a short clip: {}",
    "in this scene, {}. the camera pans slowly to the right.",
)
"""The wordings around a scene that say nothing about it; each written line is used bare and in one frame."""


def read_written() -> Iterator[Example]:
    """Every written line, bare and framed, in the order of the file.

    Raises ValueError naming the line when a line is neither a section, a mark, a comment nor blank.
    """
    text = (files("policies.text.training") / "written.txt").read_text(encoding="utf-8")
    yield from parse_written(text)


def parse_written(text: str) -> Iterator[Example]:
    """The examples in `text`, written as the head of written.txt says.

    In a block, the n-th "+" and the n-th "-" are twins and share a cluster.
    """
    section, block, counts = None, 0, {"+": 0, "-": 0}
    for number, line in enumerate(text.splitlines(), start=1):
        mark, body = line[:1], line[2:].strip()
        if mark in {"[", ""}:
            section = Category(line.strip("[] ")) if mark else section
            block, counts = block + 1, {"+": 0, "-": 0}
        elif mark in counts and section is not None and body:
            positive = frozenset({section}) if mark == "+" else frozenset()
            yield from _framed(number, body, f"{SOURCE}:{block}:{counts[mark]}", positive)
            counts[mark] += 1
        elif mark != "#":
            raise ValueError(
                f"written.txt line {number}: expected '[category]', '+ text' or '- text', got {line!r}"
            )


def _framed(number: int, body: str, cluster: str, positive: frozenset[Category]) -> Iterator[Example]:
    frame = FRAMES[hashlib.sha256(body.encode()).digest()[0] % len(FRAMES)]
    for kind, text in (("bare", body), ("framed", frame.format(body))):
        yield Example(f"{SOURCE}:{number}:{kind}", SOURCE, text, cluster, positive)
