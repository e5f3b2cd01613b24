"""How a text is cut for the classifier: windows the encoder can take, and inside them the sentences that are scored.

A sentence alone keeps a harmful line from drowning in a long harmless text; the window as a whole keeps the context.
Every token of the text lies in a window and in a segment, so length hides nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_TOKENS = 254
"""Word pieces per forward pass: 256 less the two marks that BERT puts around a sentence."""
WINDOW_OVERLAP = 62
MAX_SEGMENT_TOKENS = 64
SEGMENT_OVERLAP = 16
MIN_SEGMENT_TOKENS = 6
"""A shorter sentence is scored together with the one before it: "No." says nothing alone."""

_SENTENCE_END = re.compile(r"[.!?\n]+")

TokenSpan = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens `start` to `end` of the text, and the token ranges in it that are scored besides the whole."""

    start: int
    end: int
    segments: tuple[TokenSpan, ...]


def cut(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[Window, ...]:
    """The windows of a text whose tokens lie at the character ranges `offsets`. No tokens: no windows.

    A window that is one short sentence has no segments: the whole is the sentence.
    """
    return tuple(
        Window(start, end, _segments(text, offsets, start, end))
        for start, end in _strides(0, len(offsets), WINDOW_TOKENS, WINDOW_OVERLAP)
    )


def _strides(start: int, end: int, size: int, overlap: int) -> list[TokenSpan]:
    """Ranges of at most `size` that cover `start` to `end`, each sharing `overlap` with the one before it."""
    spans: list[TokenSpan] = []
    at = start
    while at < end:
        spans.append((at, min(at + size, end)))
        if at + size >= end:
            break
        at += size - overlap
    return spans


def _segments(text: str, offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[TokenSpan, ...]:
    sentences = _merged(_sentences(text, offsets, start, end))
    pieces = [span for s, e in sentences for span in _strides(s, e, MAX_SEGMENT_TOKENS, SEGMENT_OVERLAP)]
    return tuple(pieces) if len(pieces) > 1 else ()


def _sentences(text: str, offsets: Sequence[tuple[int, int]], start: int, end: int) -> list[TokenSpan]:
    """The token ranges of the sentences between tokens `start` and `end`."""
    spans: list[TokenSpan] = []
    first = start
    for token in range(start, end - 1):
        closes = _SENTENCE_END.search(text, offsets[token][0], offsets[token + 1][0]) is not None
        opens = _SENTENCE_END.match(text, offsets[token + 1][0]) is None
        if closes and opens:
            spans.append((first, token + 1))
            first = token + 1
    spans.append((first, end))
    return spans


def _merged(sentences: list[TokenSpan]) -> list[TokenSpan]:
    merged: list[TokenSpan] = []
    for start, end in sentences:
        if merged and (
            end - start < MIN_SEGMENT_TOKENS or merged[-1][1] - merged[-1][0] < MIN_SEGMENT_TOKENS
        ):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
