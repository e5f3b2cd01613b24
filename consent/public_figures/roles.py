"""Offices that one person holds: "the current president of the United States", "the Pope", "the King of England".

A bare role names whoever holds it today; it is for a person to decide whether somebody recognisable would be shown. With a year
or a number ("the 44th president of the United States") it names the one person who held it then, where the list of offices knows.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from consent.naming.fold import FoldedText
from consent.public_figures.offices import shipped_offices

_COUNTRIES: Final = (
    "united states(?: of america)?|u s(?: a)?|usa|us|america|united kingdom|u k|uk|great britain|britain|england|scotland|france"
    "|germany|russia|china|india|japan|canada|australia|brazil|mexico|italy|spain|ukraine|israel|iran|iraq|turkey|egypt"
    "|north korea|south korea|korea|saudi arabia|argentina|venezuela|poland|hungary|netherlands|holland|belgium|sweden"
    "|norway|denmark|finland"
    "|greece|portugal|austria|switzerland|ireland|pakistan|indonesia|philippines|thailand|vietnam|nigeria|south africa|kenya"
    "|cuba|colombia|chile|peru|new zealand|morocco|jordan|syria|taiwan|singapore|malaysia|belarus|serbia|romania"
)
_PEOPLES: Final = (
    "american|u s|us|british|english|french|german|russian|chinese|indian|japanese|canadian|australian|brazilian|mexican|italian"
    "|spanish|ukrainian|israeli|iranian|turkish|egyptian|north korean|south korean|korean|saudi|argentine|venezuelan|polish"
    "|hungarian|dutch|belgian|swedish|norwegian|danish|finnish|greek|portuguese|austrian|swiss|irish|pakistani|indonesian"
)
_OFFICES: Final = (
    "president|vice president|prime minister|chancellor|first lady|supreme leader|secretary of state|head of state"
    "|head of government"
)
_THRONES: Final = "king|queen|emperor|crown prince|prince|princess"
_NOW: Final = "current|sitting|incumbent|present|serving|reigning|acting"
_ROLE: Final = re.compile(
    rf"\bthe (?:(?:{_NOW}) )?(?:{_OFFICES}|{_THRONES}) of (?:the )?(?:{_COUNTRIES})\b"
    rf"|\b(?:the )?(?:{_NOW}) (?:(?:{_PEOPLES}) )?(?:{_OFFICES})\b"
    rf"|\bthe (?:(?:{_NOW}) )?(?:{_PEOPLES}) (?:{_OFFICES})\b"
    r"|\bthe (?:current )?(?:pope|potus|flotus|dalai lama|prince of wales|princess of wales|duke of sussex|duchess of sussex)\b"
    r"|\b(?:potus|flotus)\b|\bthe (?:us|u s|american) (?:speaker of the house|attorney general|secretary of defen[cs]e)\b"
    r"|\bthe (?:ceo|founder|head|boss) of (?:tesla|spacex|meta|facebook|apple|google|microsoft|amazon|openai|nvidia|x|twitter)\b"
)
_PAST: Final = re.compile(
    r"(?<!\S)(?:medieval|ancient|fictional|fairy ?tale|first|former|founding|old|legendary|mythical|un|une|ein|eine|einen|um"
    r"|uma|ex|एक)\s+$"
)
_SPACES: Final = re.compile(r"\s+")


class Role(NamedTuple):
    """A role named in a text: its words as written, the half-open span in the original, and who held it then, "" if not told."""

    words: str
    start: int
    end: int
    holder: str = ""


def find_roles(text: FoldedText) -> Iterator[Role]:
    """The offices named in the text, in its order. Word-bounded: the words are joined by one space before they are compared."""
    line = " ".join(word.text for word in text.words)
    starts, ends, at = {}, {}, 0
    for word in text.words:
        starts[at] = word.start
        at += len(word.text)
        ends[at] = word.end
        at += 1
    found = dict.fromkeys(_bare(line), "") | _listed(line)
    taken = -1
    for first, last in sorted(found, key=lambda span: (span[0], -span[1])):
        if first in starts and last in ends and first > taken and not _PAST.search(line[:first]):
            taken = last
            start, end = starts[first], ends[last]
            yield Role(_SPACES.sub(" ", text.original[start:end]), start, end, found[first, last])


def _bare(line: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _ROLE.finditer(line))


def _listed(line: str) -> dict[tuple[int, int], str]:
    """The listed offices, each with the holder that a year or a number tells; English ones without either need "the"."""
    offices = shipped_offices()
    told = {}
    for found in offices.pattern.finditer(line):
        office = offices.by_name[found["office"]]
        holder = office.holder(found["before"] or found["after"] or "", found["number"] or "")
        if holder or found["the"] or found["office"] not in offices.articled:
            told[found.span()] = holder
    return told
