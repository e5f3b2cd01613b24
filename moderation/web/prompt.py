"""A text cut where findings begin and end, so that each piece can be marked with the findings that cover it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from policies.findings import Finding, TextSpan


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text and the numbers of the findings on it, none for plain text."""

    text: str
    findings: tuple[int, ...]


def cut(text: str, field: str, findings: Sequence[tuple[int, Finding]]) -> tuple[Piece, ...]:
    """`text` in pieces that joined give it back. `findings` come with their numbers; those elsewhere or out of range are left
    out."""
    spans = [
        (number, finding.where.start, min(finding.where.end, len(text)))
        for number, finding in findings
        if isinstance(finding.where, TextSpan)
        and finding.where.field == field
        and finding.where.start < len(text)
    ]
    edges = sorted({0, len(text), *(edge for _, start, end in spans for edge in (start, end))})
    return tuple(
        Piece(
            text[left:right], tuple(number for number, start, end in spans if start <= left and right <= end)
        )
        for left, right in pairwise(edges)
    )
