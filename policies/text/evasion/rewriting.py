"""Putting found words into a normalised text: every character of a word maps back to all that was typed for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.text.normalise import NormalisedText


@dataclass(frozen=True, slots=True)
class Found:
    """Characters `start` to `end` (half-open) of a text hide `words`."""

    start: int
    end: int
    words: str


def rewritten(text: NormalisedText, found: Sequence[Found]) -> NormalisedText:
    """The text with each find in its place. Of finds that overlap the first, and of those the longest, is taken."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def keep(start: int, end: int) -> None:
        parts.append(text.text[start:end])
        starts.extend(text.starts[start:end])
        ends.extend(text.ends[start:end])

    at = 0
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if one.start < at:
            continue
        keep(at, one.start)
        first, last = text.original_span(one.start, one.end)
        parts.append(one.words)
        starts.extend([first] * len(one.words))
        ends.extend([last] * len(one.words))
        at = one.end
    keep(at, len(text.text))
    return NormalisedText(text.original, "".join(parts), tuple(starts), tuple(ends))


def rearranged(text: NormalisedText, order: Sequence[int]) -> NormalisedText:
    """The characters of the text in another order, each still knowing where it was typed."""
    return NormalisedText(
        text.original,
        "".join(text.text[i] for i in order),
        tuple(text.starts[i] for i in order),
        tuple(text.ends[i] for i in order),
    )


def respelled(text: NormalisedText, letters: str) -> NormalisedText:
    """The same text with other `letters`, one for one."""
    return NormalisedText(text.original, letters, text.starts, text.ends)
