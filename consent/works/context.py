"""What the words around a work's name say: the work itself is shown, or a style, a setting, a logo, a thing in passing.

The policy blocks a character and holds a brand for review where it is the theme; a branded cup in somebody's hand is allowed,
and so is talk about a work. Only words near the name count.
"""

import re
from typing import Final, Literal

from consent.naming.common import word_set
from consent.works.catalogue import WorkKind

Use = Literal["shown", "style", "setting", "logo", "theme", "passing", "mentioned"]

CUES: Final = word_set(
    "movie movies film films cinema character characters cartoon cartoons anime manga game games videogame series "
    "show tv season episode episodes scene scenes poster trailer superhero superheroes supervillain villain hero "
    "disney marvel pixar dc nintendo dreamworks ghibli netflix hbo cosplay cosplayer costume dressed fanart fan "
    "universe franchise themed theme logo brand branded style styled comic comics sequel prequel remake soundtrack "
    "song lyrics album musical figurine plush toy lego funko meme crossover vs versus mascot gameplay player level "
    "boss saga trilogy starring"
)
WEAK_CUES: Final = word_set(
    "toy show tv costume dressed fan level plush player scene scenes poster figurine boss hero vs versus song album theme themed "
    "game games series comic brand style styled"
)
"""Cues that are everyday words themselves: no sign of a title that is written like one, "toy cars", "hold it up to show"."""
CUE_REACH: Final = 6

_LOGO: Final = word_set(
    "logo logos emblem emblems swoosh trademark branding branded wordmark insignia crest monogram badge icon "
    "stripes"
)
_THEME: Final = word_set(
    "advert advertisement advertising advertisements ad ads commercial commercials campaign billboard billboards "
    "mascot slogan branding storefront flagship sponsored sponsor endorsement promo promotional"
)
_NEAR_BRAND: Final = 8
_AFTER_STYLE: Final = re.compile(
    r"(?:\s+s)?(?:\s+(?:movie|film|animation|animated|cartoon|art|anime|3d|comic|game|like|inspired|\w+ish))?"
    r"\s+(?:styles?|styled|stylized|aesthetics?|inspired|esque|like|look|vibes?)\b"
)
_BEFORE_STYLE: Final = re.compile(
    r"(?:\b(?:styles?|manner|aesthetics?|vein|spirit|look|design)\s+of|\binspired\s+by|\breminiscent\s+of|\bhomage\s+to"
    r"|\bechoes|\bmimics)\s+(?:the\s+)?(?:an?\s+)?$"
)
_BEFORE_SETTING: Final = re.compile(
    r"\b(?:(?:in|inside|from|through|around)\s+(?:the\s+)?(?:world|universe|land|streets|halls|realm)\s+of|set\s+in|visiting|visits"
    r"|trip\s+to)\s+(?:the\s+)?$"
)
_AFTER_SETTING: Final = re.compile(
    r"(?:\s+s)?\s+(?:universe|world|land|setting|themed|theme|castle|resort|park|convention)\b"
)
_BEFORE_MENTION: Final = re.compile(
    r"\b(?:discuss|discusses|discussing|discussion\s+(?:of|about)|(?:talk|talks|talking|chat|chatting|think|thinking|debate|essay"
    r"|article|lecture|question|questions|copyright)\s+(?:about|of|on|in|for)|reading|reads|read|copyrighted|quoting|named\s+after"
    r"|fans?\s+of|is|does|who\s+owns)\s+(?:the\s+|a\s+|an\s+)?(?:book\s+|novel\s+)?$"
)
_AFTER_MENTION: Final = re.compile(
    r"\s+(?:copyright|copyrighted|trademark\s+law|in\s+the\s+public\s+domain|fandom|books?)\b"
)


def use_of(before: str, after: str, kind: WorkKind) -> Use:
    """How a work's name is used, from the folded text before and after it.

    A studio only ever lends its style. A brand is a logo or a theme where such a word stands within eight words, and in passing
    otherwise. Everything else: style, setting, mentioned, and where no such words touch the name, shown.
    """
    if kind is WorkKind.STUDIO:
        return "style"
    if kind is WorkKind.BRAND:
        return _use_of_brand(before, after)
    if _AFTER_STYLE.match(after) or _BEFORE_STYLE.search(before):
        return "shown" if kind is WorkKind.CHARACTER else "style"
    if _BEFORE_SETTING.search(before) or _AFTER_SETTING.match(after):
        return "setting"
    if _mentions(before) or _AFTER_MENTION.match(after):
        return "mentioned"
    return "shown"


def _mentions(before: str) -> bool:
    found = _BEFORE_MENTION.search(before)
    if not found:
        return False
    verb = found.group().split()[0]
    return verb not in ("is", "does") or not before[: found.start()].strip()


def _use_of_brand(before: str, after: str) -> Use:
    near = {*before.split()[-_NEAR_BRAND:], *after.split()[:_NEAR_BRAND]}
    if near & _LOGO:
        return "logo"
    if near & _THEME or _AFTER_STYLE.match(after) or _BEFORE_STYLE.search(before):
        return "theme"
    return "passing"
