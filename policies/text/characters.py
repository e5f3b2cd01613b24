"""Tables about single characters: what cannot be seen, what looks like a Latin letter, what is plain punctuation.

Kept apart from the normaliser so that the question "why did this character change?" has one place to look.
"""

import unicodedata
from functools import cache

PLAIN_PUNCTUATION = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
}  # fmt: skip
"""Typographic marks that word processors put in: folded so that patterns need to know one form only."""

_INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u3164\uffa0")
_BLANK_SYMBOLS = frozenset("\u2800")
_TAG_FIRST, _TAG_LAST = 0xE0020, 0xE007E
_PHONETIC_BLOCKS = ((0x0250, 0x02AF), (0x1D00, 0x1DBF), (0xA720, 0xA7FF))


def is_invisible(char: str) -> bool:
    """Whether the character leaves no mark on the page: format and bidi controls, variation selectors, fillers.

    Control characters count, white space does not; lone surrogates count, because no encoder accepts them.
    """
    code = ord(char)
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or char in _INVISIBLE_LETTERS:
        return True
    return unicodedata.category(char) in {"Cf", "Cc", "Cs"} and not char.isspace()


def is_blank(char: str) -> bool:
    """Whether the character is white space to a reader."""
    return char.isspace() or char in _BLANK_SYMBOLS


def tag_letter(char: str) -> str:
    """The ASCII character that a Unicode tag character smuggles ("" for any other character).

    Tag characters (U+E0020 to U+E007E) are invisible copies of ASCII: people see nothing, a language model reads them.
    """
    code = ord(char)
    return chr(code - 0xE0000) if _TAG_FIRST <= code <= _TAG_LAST else ""


def is_ascii_letter(char: str) -> bool:
    """A to Z or a to z."""
    return char.isascii() and char.isalpha()


def is_disguise(char: str) -> bool:
    """Whether the letter is from outside everyday Latin (another script, or phonetic notation) and looks Latin."""
    if char.isascii() or not char.isalpha():
        return False
    return latin_lookalike(char) != "" and (script_of(char) != "LATIN" or _is_phonetic(char))


def _is_phonetic(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in _PHONETIC_BLOCKS)


@cache
def script_of(char: str) -> str:
    """The first word of the character's Unicode name: LATIN, CYRILLIC, GREEK, CJK, … ("" when it has no name)."""
    name = unicodedata.name(char, "").split(" ")[0]
    return "LATIN" if name == "FULLWIDTH" else name


@cache
def latin_lookalike(char: str) -> str:
    """The single ASCII letter that looks like `char`, or "".

    The table is the Unicode confusables list (UTS 39) as shipped by the package confusable-homoglyphs.
    """
    from confusable_homoglyphs import confusables

    for entry in confusables.confusables_data.get(char, ()):
        if len(entry["c"]) == 1 and is_ascii_letter(entry["c"]):
            return str(entry["c"])
    return ""
