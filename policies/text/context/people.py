"""Private people that a prompt means although no list knows them: "my ex Jessica Miller", "my neighbour", "this guy in my class".

Only the speaker's own relations count ("my", "our"): "his neighbour" is somebody in a story.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WHO = (
    r"(?:ex(?:[- ](?:girlfriend|boyfriend|wife|husband|partner|boss|friend))?|neighbou?rs?|boss|co-?workers?|"
    r"colleagues?|classmates?|teacher|professor|landlord|landlady|room-?mate|flatmate|manager|supervisor|coach|principal|crush|bully|stalker|tenant|"
    r"(?:best )?friend|girlfriend|boyfriend|wife|husband|fianc[eé]e?|sister|brother|cousin|mother-in-law|father-in-law|"
    r"sister-in-law|brother-in-law|step(?:mother|father|mom|dad|sister|brother))"
)
_OURS = r"(?:class|school|office|work|workplace|gym|building|street|team|neighbou?rhood|dorm|job|college|university|church|town)"
_NAME = r"[A-Z][a-z'’]+(?: [A-Z]\.)?(?:[ -][A-Z][a-z'’]+){0,2}"
_ACQUAINTANCE = re.compile(
    rf"\b(?:my|our) (?:\w+ )?{_WHO}(?![\w'-])|\b(?:this|that|the|a) (?:\w+ )?(?:guy|girl|boy|woman|man|kid|person|student|"
    rf"teacher|lady) (?:in|from|at|on) (?:my|our) (?:\w+ )?{_OURS}\b|\b(?:someone|somebody) I know\b",
    re.IGNORECASE,
)
_THEN_A_NAME = re.compile(rf",? (?:called |named |whose name is )?({_NAME})\b")
_NO_NAME = re.compile(
    r"(?:I|The|An?|In|On|At|And|But|With|While|As|Is|Who|When|Where|Then|She|He|They|It|We)\b"
)


@dataclass(frozen=True, slots=True)
class PersonMeant:
    """Characters `start` to `end` of the text mean a private person; `name` is theirs, or ""."""

    start: int
    end: int
    name: str


def people_meant(text: str) -> Iterator[PersonMeant]:
    """The speaker's acquaintances in the text, in order."""
    for match in _ACQUAINTANCE.finditer(text):
        named = _THEN_A_NAME.match(text, match.end())
        if named is not None and _NO_NAME.match(named.group(1)) is None:
            yield PersonMeant(match.start(), named.end(), named.group(1))
        else:
            yield PersonMeant(match.start(), match.end(), "")
