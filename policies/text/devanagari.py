"""Hindi in Latin letters, as people type it: the multilingual encoder has no word pieces for Devanagari.

Universal sentence encoder, multilingual v3, reads sixteen languages without Hindi (Yang et al. 2020, section 2); it sees every
letter of Devanagari as the same unknown piece. Written in Latin letters its words have pieces, and a text that was typed so is
the same text. The table follows the Hunterian system without its marks; an inherent vowel that is not spoken is not written:
at the end of a word, and between a vowel with a consonant and a consonant with a vowel (Ohala 1983, "Aspects of Hindi
Phonology").
"""

import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files


def _tables() -> dict[str, dict[str, str]]:
    """The sections of `devanagari.txt`: a letter and what it is written as."""
    found: dict[str, dict[str, str]] = {}
    for line in files("policies.text").joinpath("devanagari.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif not line.startswith("#"):
            code, latin = line.split()
            section[chr(int(code.removeprefix("U+"), 16))] = latin
    return found


_TABLES = _tables()
_CONSONANTS, _DOTTED, _VOWELS = (_TABLES[name] for name in ("consonants", "dotted consonants", "vowels"))
_SIGNS, _OTHERS = _TABLES["vowel signs"], _TABLES["others"]
_SILENT, _DOT = "्", "़"
_RUN = re.compile("[\u0900-\u0963\u0970-\u097f\u200c\u200d]+")
_MARKS = str.maketrans(_TABLES["marks"])


@dataclass(slots=True)
class _Sound:
    """A consonant or none, and the vowel after it or none. `inherent`: the vowel is not written in Devanagari."""

    consonant: str
    vowel: str
    inherent: bool = False


def in_latin_letters(text: str) -> str:
    """`text` with every run of Devanagari written in Latin letters; anything else stays."""
    spoken = _RUN.sub(lambda run: _spoken(_sounds(unicodedata.normalize("NFD", run[0]))), text)
    return spoken.translate(_MARKS)


def _sounds(run: str) -> list[_Sound]:
    found: list[_Sound] = []
    for letter in run:
        if letter in _CONSONANTS:
            found.append(_Sound(_CONSONANTS[letter], "a", inherent=True))
        elif letter == _DOT and found:
            found[-1].consonant = _dotted(found[-1].consonant)
        elif letter == _SILENT and found:
            found[-1] = _Sound(found[-1].consonant, "")
        elif letter in _SIGNS and found:
            found[-1] = _Sound(found[-1].consonant, _SIGNS[letter])
        elif letter in _VOWELS:
            found.append(_Sound("", _VOWELS[letter]))
        elif letter in _OTHERS:
            found.append(_Sound(_OTHERS[letter], ""))
    return found


def _dotted(sound: str) -> str:
    return next((dotted for plain, dotted in _DOTTED.items() if _CONSONANTS[plain] == sound), sound)


def _spoken(sounds: list[_Sound]) -> str:
    """The sounds as letters, from the last to the first: whether a vowel is spoken depends on what follows it."""
    for at in range(len(sounds) - 1, 0, -1):
        here, before = sounds[at], sounds[at - 1]
        last = at == len(sounds) - 1
        between = not last and bool(sounds[at + 1].consonant and sounds[at + 1].vowel)
        if here.inherent and before.vowel and (last or between):
            here.vowel = ""
    return "".join(sound.consonant + sound.vowel for sound in sounds)
