"""Where a text can be cut without leaving half a thought: its sentences or shots, and the clauses inside them."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_SENTENCE = re.compile(r"[^.!?。！？।؟\n]+(?:[.!?。！？।؟]+|\n|$)\s*")
_JOINT = re.compile(
    r"\s*[,;:–—]\s*(?:and\s+|but\s+|while\s+|then\s+)?|\s+(?:and|while|but|then|until|before|after|as)\s+",
    re.IGNORECASE,
)
Place = tuple[int, int]


def sentences(text: str) -> tuple[Place, ...]:
    """Sentences, or lines where shots stand one below the other, each with the blanks behind it. They cover the text."""
    return tuple((found.start(), found.end()) for found in _SENTENCE.finditer(text) if found[0].strip())


def clauses(text: str, sentence: Place) -> tuple[Place, ...]:
    """The clauses of a sentence, each with the joint before it; nothing where the sentence has only one."""
    start, end = sentence
    body = text[start:end].rstrip().rstrip(".!?。！？।؟")
    cuts = [found.start() for found in _JOINT.finditer(body) if found.start() > 0]
    if not cuts:
        return ()
    edges = [0, *cuts, len(body)]
    return tuple((start + left, start + right) for left, right in pairwise(edges) if right > left)


def touching(places: Sequence[Place], start: int, end: int) -> Iterator[Place]:
    """Those that share a character with `start` to `end`."""
    return (place for place in places if place[0] < end and start < place[1])
