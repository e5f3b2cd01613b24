"""Letters that are drawn like a Latin letter: what a person reads, not what the code point says.

A hand-kept excerpt of the confusables of Unicode Technical Standard #39 for Cyrillic, Greek, Armenian and the Latin
extensions, in lower case, because text is casefolded before it is looked up. The same table folds the lists and the
text, so a name written wholly in Cyrillic still equals itself.
"""

from typing import Final

_PAIRS: Final = (
    # Cyrillic
    "аa вb еe ѐe ёe ѕs іi їi јj кk мm нh оo рp сc тt уy ўy хx ԁd ԛq ԝw һh ӏl ґr ѵv ԍg ԑe ҽe ӕæ "
    # Greek
    "αa βb γy δd εe ηn ιi κk νv οo ρp σo ςs τt υu χx ωw ζz μu "
    # Armenian and others
    "օo սu ոn հh ցg զq "
    # Latin letters that carry no decomposition
    "øo łl đd ħh ıi ŧt ɑa ɡg ʟl ɪi ɴn ʀr ʏy ƒf ɢg ʜh ʙb ᴀa ᴄc ᴅd ᴇe ᴊj ᴋk ᴍm ᴏo ᴘp ꜱs ᴛt ᴜu ᴠv ᴡw ᴢz ƅb ǥg ƶz "
)

_SPELLED: Final = {"æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŋ": "ng"}

LOOKALIKES: Final[dict[str, str]] = {
    pair[0]: pair[1:] for pair in _PAIRS.split() if pair[0] not in _SPELLED
} | _SPELLED
"""A casefolded character → the Latin letters a reader takes it for."""

SIGNS: Final = str.maketrans("@$!|+", "45117")
"""Signs written for letters → the digits written for the same letters, so that one table reads both."""

LEET: Final = str.maketrans("01i3457892", "olleastbgz")
"""Digits written for letters. `1` may stand for i or l, so both letters become l, on both sides of a comparison."""
