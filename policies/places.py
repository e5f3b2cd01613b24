"""Where a finding is, in words: a span of the user's own text, a moment and corner of a frame, a stretch of sound."""

import re
from collections.abc import Mapping

from policies.findings import AudioInterval, FrameBox, TextSpan, Where, WholeField

MAX_QUOTE = 60
_SHA256 = re.compile(r"[0-9a-f]{64}")
_THIRDS_DOWN = ("upper", "middle", "lower")
_THIRDS_ACROSS = ("left", "centre", "right")


def name_place(where: Where, texts: Mapping[str, str], *, quoted: bool) -> str:
    """The place in words. A text span is quoted from `texts` (field name to text) when `quoted` and it lies within."""
    match where:
        case TextSpan():
            return _span(where, texts.get(where.field, ""), quoted=quoted)
        case FrameBox():
            return f"the picture at {_seconds(where.time_s)} of {_asset(where.asset)}, {_corner(where)}"
        case AudioInterval():
            interval = f"from {_seconds(where.start_s)} to {_seconds(where.end_s)}"
            return f"the sound {interval} of {_asset(where.asset)}"
        case WholeField():
            return f"the {where.field}"


def _span(where: TextSpan, text: str, *, quoted: bool) -> str:
    counted = f"characters {where.start + 1} to {where.end} of the {where.field}"
    if not quoted or not 0 <= where.start < where.end <= len(text):
        return counted
    return f"“{_quotable(text[where.start : where.end])}” ({counted})"


def _quotable(text: str) -> str:
    """One printable line; a long span is cut in the middle."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    half = MAX_QUOTE // 2
    return line if len(line) <= MAX_QUOTE else f"{line[:half].rstrip()} … {line[-half:].lstrip()}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _asset(asset: str) -> str:
    return f"the file {asset[:8]}" if _SHA256.fullmatch(asset) else f"the {asset}"


def _corner(box: FrameBox) -> str:
    down = _THIRDS_DOWN[_third((box.top + box.bottom) / 2)]
    across = _THIRDS_ACROSS[_third((box.left + box.right) / 2)]
    return "in the centre" if (down, across) == ("middle", "centre") else f"{down} {across}"


def _third(fraction: float) -> int:
    return min(2, max(0, int(fraction * 3)))
