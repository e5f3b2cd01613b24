"""Text that was encoded: base64, base32, hexadecimal, binary, decimal codes, percent and HTML escapes, Morse.

Whatever decodes to a harmful word, or plainly to English, was meant to be read. Everything else stays as it is.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from policies.text.evasion.lexicon import HARM, known_share
from policies.text.evasion.rewriting import Found

MOST_CHARACTERS = 20_000
_WORD = re.compile(r"[a-z]+")
_CLEAR = 0.6
_MORSE = {
    ".-": "a", "-...": "b", "-.-.": "c", "-..": "d", ".": "e", "..-.": "f", "--.": "g", "....": "h", "..": "i", ".---": "j",
    "-.-": "k", ".-..": "l", "--": "m", "-.": "n", "---": "o", ".--.": "p", "--.-": "q", ".-.": "r", "...": "s", "-": "t",
    "..-": "u", "...-": "v", ".--": "w", "-..-": "x", "-.--": "y", "--..": "z",
}  # fmt: skip


def _base64(found: str) -> bytes:
    return base64.b64decode(
        found + "=" * (-len(found) % 4), altchars=b"-_" if set(found) & set("-_") else None
    )


def _base32(found: str) -> bytes:
    return base64.b32decode(found.rstrip("=") + "=" * (-len(found.rstrip("=")) % 8), casefold=True)


def _hexadecimal(found: str) -> bytes:
    return bytes.fromhex(re.sub(r"0x|\\x|\\u00|[\s:,;-]", "", found))


def _binary(found: str) -> bytes:
    bits = re.sub(r"\s", "", found)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def _decimal(found: str) -> bytes:
    return bytes(int(code) for code in re.findall(r"\d+", found))


def _escaped(found: str) -> bytes:
    return html.unescape(unquote(found)).encode()


def _morse(found: str) -> bytes:
    words = re.split(r"\s*[/|]\s*|\n", found.strip())
    return " ".join("".join(_MORSE.get(code, "\0") for code in word.split()) for word in words).encode()


_DECODERS: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (re.compile(r"(?<![\w+/])[A-Za-z0-9+/_-]{8,}={0,2}(?![\w+/=])"), _base64),
    (re.compile(r"(?<!\w)[A-Za-z2-7]{8,}={0,6}(?![\w=])"), _base32),
    (re.compile(r"(?<!\w)(?:(?:0x|\\x|\\u00)?[0-9A-Fa-f]{2}[\s:,;-]?){4,}(?!\w)"), _hexadecimal),
    (re.compile(r"(?<!\d)(?:[01]{8}\s?){3,}(?!\d)"), _binary),
    (re.compile(r"(?<!\d)(?:\d{2,3}[\s,;-]+){3,}\d{2,3}(?!\d)"), _decimal),
    (re.compile(r"(?<!\S)(?=\S*[%&])\S+"), _escaped),
    (
        re.compile(
            r"(?<![^\s/|])[.\-]{1,4}(?:[ ]{1,2}[/|.\-]{1,4}|\s?[/|]\s?[.\-]{1,4}|\n[.\-]{1,4}){2,}(?![^\s/|])"
        ),
        _morse,
    ),
)
_WORTH = re.compile(r"[a-z]\S{0,30}[A-Z]|\d|\S{8}=|[A-Z2-7]{16}|[.\-] ?[.\-/|]|&#")
"""Something in every encoded text that plain prose seldom has; only then are the decoders tried. No part is unbounded: a text
without blanks would take time that grows with its square."""


def encoded_words(text: str) -> Iterator[Found]:
    """Encoded passages of the text, and what they say."""
    if len(text) > MOST_CHARACTERS or _WORTH.search(text) is None:
        return
    for pattern, decode in _DECODERS:
        for match in pattern.finditer(text):
            said = _said(match.group(), decode)
            if said:
                yield Found(match.start(), match.end(), said)


def _said(found: str, decode: Callable[[str], bytes]) -> str:
    try:
        said = decode(found).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    if said == found or len(said) < 3 or not all(char.isprintable() or char in "\n\t" for char in said):
        return ""
    return " ".join(said.split()) if is_clear(said) else ""


def is_clear(said: str) -> bool:
    """Whether decoded text says something: a harmful word, or mostly English words."""
    words = _WORD.findall(said.casefold())
    letters = sum(map(len, words))
    if letters < 3 or letters * 2 < len(said.replace(" ", "")):
        return False
    if len(words) == 1:
        return words[0] in HARM or (letters > 4 and known_share(words) == 1.0)
    return known_share(words) >= _CLEAR
