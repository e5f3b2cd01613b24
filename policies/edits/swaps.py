"""Changing a text in places: what is taken out, what comes in, how far that is from the original, and a tidy result.

The distance counts tokens (words, or single characters of scripts without spaces), so that a proposal that keeps more of
what somebody wrote comes first.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[぀-ヿ㐀-鿿가-힯]|[^\W_]+(?:['’][^\W_]+)*")
_DOUBLED = re.compile(r"[ \t]{2,}")
_BEFORE_MARK = re.compile(r"[ \t]+(?=[,.;:!?])")
_MARKS = re.compile(r"([,;:])(?:\s*[,;:])+")
_MARK_BEFORE_END = re.compile(r"[,;:]\s*(?=[.!?])")
_LEADING = re.compile(r"^(?:[\s,;:.!?–—]|(?:and|or|but|while|then|until|before|after)\s)+", re.IGNORECASE)
_ARTICLE = re.compile(r"(?<!\w)(a|an)( +)$", re.IGNORECASE)
_TRAILING_JOINT = re.compile(r"(?:[\s,;:]|\b(?:and|or|while|with|but|as)\b)+(?=[.!?]?\s*$)", re.IGNORECASE)
MAX_COMPARED = 200
"""Tokens of one change that are compared one by one; a longer stretch counts whole."""


@dataclass(frozen=True, slots=True, order=True)
class Swap:
    """Characters `start` to `end` (half-open) of the text become `new`."""

    start: int
    end: int
    new: str = ""


def tokens(text: str) -> list[str]:
    """The words of a text, folded for comparison."""
    return [token.casefold() for token in _TOKEN.findall(text)]


def disjoint(swaps: Iterable[Swap]) -> tuple[Swap, ...]:
    """In order of the text; of those that overlap, the one that begins first, the longer of two that begin together."""
    kept: list[Swap] = []
    for swap in sorted(set(swaps), key=lambda one: (one.start, -one.end, one.new)):
        if not kept or swap.start >= kept[-1].end:
            kept.append(swap)
    return tuple(kept)


def apply(text: str, swaps: Sequence[Swap]) -> str:
    """The text with disjoint `swaps` made, without doubled blanks, orphaned marks or a lost capital at its beginning."""
    parts: list[str] = []
    at = 0
    for swap in swaps:
        parts += [_articled(text[at : swap.start], swap.new), swap.new]
        at = swap.end
    changed = _tidied("".join((*parts, text[at:])))
    if swaps and not swaps[0].new and not text[: swaps[0].start].strip():
        changed = _LEADING.sub("", changed)
    if swaps and not swaps[-1].new and not text[swaps[-1].end :].strip(" .!?\n"):
        changed = _TRAILING_JOINT.sub("", changed)
    began_large = bool(text.strip()) and text.strip()[0].isupper()
    return changed[:1].upper() + changed[1:] if began_large else changed


def distance(text: str, swaps: Sequence[Swap]) -> int:
    """Tokens that are taken out, put in or exchanged, over all swaps."""
    return sum(_between(tokens(text[swap.start : swap.end]), tokens(swap.new)) for swap in swaps)


def _articled(before: str, new: str) -> str:
    """`before` with the article that fits a new word behind it, by its first letter."""
    found = _ARTICLE.search(before)
    if not found or not new:
        return before
    article = "an" if new[0].lower() in "aeiou" else "a"
    shown = article.capitalize() if found[1][0].isupper() else article
    return before[: found.start()] + shown + found[2]


def _tidied(text: str) -> str:
    text = _DOUBLED.sub(" ", text)
    text = _BEFORE_MARK.sub("", text)
    text = _MARKS.sub(r"\1", text)
    return _MARK_BEFORE_END.sub("", text).strip()


def _between(old: Sequence[str], new: Sequence[str]) -> int:
    """The edit distance (Levenshtein) of two token lists."""
    if not old or not new or max(len(old), len(new)) > MAX_COMPARED:
        return max(len(old), len(new))
    row = list(range(len(new) + 1))
    for count, token in enumerate(old, 1):
        corner, row[0] = row[0], count
        for column, other in enumerate(new, 1):
            corner, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, corner + (token != other)),
            )
    return row[-1]
