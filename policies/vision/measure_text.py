"""Measure the reader of frames: sentences drawn on photographs at known heights, and photographs with no text in them.

    python -m policies.vision.measure_text --models DIR --pictures DIR [--repeat N]

`--models` is the folder that `safeconduct models fetch` fills, `--pictures` holds photographs. Prints JSON: for each height in a
720p frame the share of sentences read letter by letter, spaces and case aside; what is read into photographs; milliseconds.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from policies.evaluation.intervals import Share
from policies.vision.frame_text import FrameTextReader
from policies.vision.text_detection import Frame
from policies.vision.text_worth import looks_written

SENTENCES = (
    "Follow the river north", "Sale ends on Monday", "Kill them before dawn", "You are not welcome here",
    "Send me your password", "Vote for Morgan on Tuesday", "Happy birthday Lena", "Mix two parts with one",
)  # fmt: skip
INKS = ((255, 255, 255), (10, 10, 10), (255, 225, 0), (200, 20, 40))
HEIGHTS = (14, 18, 24, 32, 48, 96)
SIZE = (1280, 720)


def drawn(picture: Image.Image, height: int, number: int) -> tuple[Frame, str]:
    """The picture at 720p with one sentence on it, letters `height` pixels high, on a patch where the ink would not stand out."""
    frame = picture.resize(SIZE)
    draw, sentence, ink = ImageDraw.Draw(frame), SENTENCES[number % len(SENTENCES)], INKS[number % len(INKS)]
    font = ImageFont.load_default(height)
    left, top, right, bottom = draw.textbbox((0, 0), sentence, font=font)
    x, y = (
        40 + (number * 97) % max(1, SIZE[0] - int(right) - 80),
        40 + (number * 61) % (SIZE[1] - int(bottom) - 80),
    )
    patch = (0, 0, 0) if sum(ink) > 300 else (235, 235, 235)
    draw.rectangle((x + left - 6, y + top - 6, x + right + 6, y + bottom + 6), fill=patch)
    draw.text((x, y), sentence, fill=ink, font=font)
    return np.asarray(frame, np.uint8), sentence


def letters(text: str) -> str:
    """The text without spaces and case."""
    return "".join(text.split()).casefold()


def rows(
    reader: FrameTextReader, pictures: Sequence[Image.Image], repeat: int, side: int
) -> Iterator[dict[str, Any]]:
    """One row for each height."""
    for height in HEIGHTS:
        read = passed = 0
        total = len(pictures) * repeat
        for number in range(total):
            frame, sentence = drawn(pictures[number % len(pictures)], height, number)
            seen = letters("".join(line.text for line in reader.read(frame, max_side=side)))
            read += letters(sentence) in seen
            passed += looks_written(np.asarray(Image.fromarray(frame).convert("L")))
        yield {"height_px": height, "read": _rate(read, total), "thought_worth_reading": _rate(passed, total)}


def _rate(events: int, trials: int) -> dict[str, float]:
    low, high = Share(events, trials).interval
    return {"events": events, "trials": trials, "low": round(low, 4), "high": round(high, 4)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print JSON; exit status 0."""
    parser = argparse.ArgumentParser(description="How much of the text in frames is read.")
    parser.add_argument("--models", type=Path, required=True, help="folder of the fetched models")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of photographs without text")
    parser.add_argument("--repeat", type=int, default=2, help="sentences per picture and height")
    parser.add_argument("--max-side", type=int, default=640, help="pixels in which a frame is searched")
    given = parser.parse_args(arguments)
    pictures = [Image.open(path).convert("RGB") for path in sorted(given.pictures.glob("*.jpg"))]
    reader = FrameTextReader(given.models / "frame_text")
    false, began = [], perf_counter()
    for picture in pictures:
        false += [
            line.text
            for line in reader.read(np.asarray(picture.resize(SIZE), np.uint8), max_side=given.max_side)
        ]
    milliseconds = (perf_counter() - began) * 1000 / max(1, len(pictures))
    report = {
        "max_side": given.max_side,
        "pictures": len(pictures),
        "read_into_pictures": false,
        "ms_per_picture_without_text": round(milliseconds),
        "rows": [*rows(reader, pictures, given.repeat, given.max_side)],
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
