"""Absolute rules by pattern: what no threshold, document or person may let through.

One family so far: anything sexual, sexualised or romantic-with-adult involving someone under 18 (POLICY.md, row
`minors`). The rules read normalised text, so look-alike letters and invisible characters do not help; they look at
wording that leaves no doubt and give the typed characters as evidence.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from policies.findings import Finding, TextSpan
from policies.taxonomy import Category
from policies.text.minors_words import (
    ABUSE,
    ADULT,
    HARD,
    INNOCENT,
    MINOR,
    PROTECTIVE,
    ROMANTIC,
    SEXUAL,
    speaks_of_minors,
)
from policies.text.normalise import NormalisedText
from policies.text.readings import REVISION as READINGS
from policies.text.readings import readings
from policies.text.remembered import remembered

CHECK = "text.absolute"
REVISION = f"absolute-2+{READINGS}"
"""Grows with every change to a pattern: decisions pin it."""

REACH = 240
"""Characters between the word for a minor and the sexual word within which they are taken to be about one scene."""
FRAME = 80
"""Characters around an abuse word in which wording of protection or news is looked for."""
DOUBT_SCORE = 0.5
"""The score of a match in a protective frame: a review under every shipped threshold, never an allow."""

_SENTENCE = re.compile(r"[^.!?\n]+")


@dataclass(frozen=True, slots=True)
class AbsoluteMatch:
    """Characters `start` to `end` of the normalised text fired `rule`. Not `certain`: a person must look."""

    rule: str
    start: int
    end: int
    certain: bool


def mentions_minor(text: NormalisedText) -> bool:
    """Whether the text speaks of somebody under 18: the policy's context `minor_present`."""
    return any(
        speaks_of_minors(reading.text) and MINOR.search(_blanked(reading.text)) is not None
        for reading in readings(text.original)
    )


def match_absolute(text: NormalisedText) -> tuple[AbsoluteMatch, ...]:
    """The matches of every absolute rule, in the order of the text; at most one per rule.

    `minors.material` a word that needs nothing beside it; `minors.sexual` a minor and sexual wording within `REACH`;
    `minors.romance` a minor, an adult and romance in one sentence.
    """
    if not speaks_of_minors(text.text):
        return ()
    plain = _blanked(text.text)
    firsts = (rule(plain) for rule in (_material, _sexual, _romance))
    return tuple(sorted((m for m in firsts if m is not None), key=lambda m: (m.start, m.rule)))


def absolute_findings(text: NormalisedText, field: str) -> tuple[Finding, ...]:
    """The matches as findings about the input field `field`, pointing at the characters that were typed.

    A certain match carries the signal `text.absolute`. One in a frame of protection or news carries `text.classifier`
    with `DOUBT_SCORE`: the policy document decides, and the shipped one asks a person. Every reading of the text is looked at; a
    rule that fires on the plain one fires once.
    """
    return tuple(
        Finding(
            category=Category.MINORS,
            signal="text.absolute" if match.certain else "text.classifier",
            score=1.0 if match.certain else DOUBT_SCORE,
            where=TextSpan(field, *reading.original_span(match.start, match.end)),
            check=CHECK,
            revision=REVISION,
            matched=match.rule,
        )
        for reading, match in _in_every_reading(text)
    )


def _in_every_reading(text: NormalisedText) -> Iterator[tuple[NormalisedText, AbsoluteMatch]]:
    """The matches of all readings; of a rule that fires on several, the first certain one, or the first."""
    best: dict[str, tuple[NormalisedText, AbsoluteMatch]] = {}
    for reading in readings(text.original):
        for match in match_absolute(reading):
            known = best.get(match.rule)
            if known is None or (match.certain and not known[1].certain):
                best[match.rule] = reading, match
    yield from best.values()


@remembered  # asked for by the policy's context as well as by the rules
def _blanked(text: str) -> str:
    """The text with wording that only sounds like a match replaced by as many blanks."""
    return INNOCENT.sub(lambda match: " " * len(match.group()), text)


def _material(text: str) -> AbsoluteMatch | None:
    return _first_certain(
        _judged("minors.material", text, match.span(), match) for match in HARD.finditer(text)
    )


def _sexual(text: str) -> AbsoluteMatch | None:
    minors = [match.span() for match in MINOR.finditer(text)]
    return _first_certain(_near_a_minor(text, minors)) if minors else None


def _near_a_minor(text: str, minors: list[tuple[int, int]]) -> Iterator[AbsoluteMatch]:
    for word in SEXUAL.finditer(text):
        near = _nearest(minors, word.span())
        if near is not None:
            span = (min(near[0], word.start()), max(near[1], word.end()))
            yield _judged("minors.sexual", text, span, word)


def _romance(text: str) -> AbsoluteMatch | None:
    for sentence in _SENTENCE.finditer(text):
        words = sentence.group()
        parts = [pattern.search(words) for pattern in (MINOR, ADULT, ROMANTIC)]
        spans = [part.span() for part in parts if part is not None]
        if len(spans) == len(parts):
            start, end = min(s for s, _ in spans), max(e for _, e in spans)
            return AbsoluteMatch(
                "minors.romance", sentence.start() + start, sentence.start() + end, certain=True
            )
    return None


def _nearest(spans: list[tuple[int, int]], word: tuple[int, int]) -> tuple[int, int] | None:
    """The span nearest to `word` and within `REACH` of it; one that overlaps the word is at distance 0.

    `spans` are in order and do not overlap, so one of the two around the word's start is the nearest.
    """

    def distance(span: tuple[int, int]) -> int:
        return max(span[0] - word[1], word[0] - span[1], 0)

    at = bisect_left(spans, word)
    near = min(spans[max(0, at - 1) : at + 1], key=distance)
    return near if distance(near) <= REACH else None


def _judged(rule: str, text: str, span: tuple[int, int], word: re.Match[str]) -> AbsoluteMatch:
    around = text[max(0, span[0] - FRAME) : span[1] + FRAME]
    doubtful = ABUSE.search(word.group()) is not None and PROTECTIVE.search(around) is not None
    return AbsoluteMatch(rule, *span, certain=not doubtful)


def _first_certain(matches: Iterator[AbsoluteMatch]) -> AbsoluteMatch | None:
    """The first match that is certain; failing that, the first."""
    doubtful = None
    for match in matches:
        if match.certain:
            return match
        doubtful = doubtful or match
    return doubtful
