"""What a prompt rules out: "no blood", "without violence or weapons", "nothing graphic".

A classifier reads the word and not the "no". The text is judged once more with such wording left out, and the milder score
counts: nobody gains by it, since whoever typed the words could have left them out. Only words of a closed list may be left
out, so that "no clothes" stays, and a denial of a denial ("not without blood") stays too.
"""

import re

from policies.text.normalise import NormalisedText

_KIND = r"(?:visible|actual|real|graphic|explicit|sexual|any|excessive|on-screen|fake|bad|foul|strong|other)"
_HARM = (
    r"(?:blood(?:shed)?|gore|violence|fighting|fights?|killing|killings|deaths?|dead bodies|injur(?:y|ies)|wounds?|weapons?|"
    r"guns?|firearms?|kni(?:fe|ves)|bullets|explosions?|nudity|sexual content|sexual imagery|sexual themes|explicit content|"
    r"adult content|drugs?|drug use|alcohol|smoking|profanity|swearing|slurs|hate|hate speech|racism|bullying|torture|"
    r"self-harm|suicide|abuse|cruelty)"
)
_LISTED = rf"(?:{_KIND} )*{_HARM}(?:(?:,? (?:and|or|nor|&) (?:no )?|, (?:no )?)(?:{_KIND} )*{_HARM})*"
_NEVERTHELESS = (
    r"(?! (?:left|like|spared|barred|enough|ban|bans|laws?|loss|control|stops?|except|but|other)\b)(?![\w'-])"
)
_DENIED = r"(?<!not )(?<!never )(?<!n't )(?<!n't be )(?<!not be )(?<!hardly )"
RULED_OUT = re.compile(
    rf"{_DENIED}\b(?:(?:with(?:out)? (?:any|no)|without|no|free of|zero|absence of|avoid(?:ing)?|excluding) "
    rf"{_LISTED}{_NEVERTHELESS}"
    r"|nothing (?:graphic|violent|sexual|explicit|gory|bloody)\b|(?:not|non)[ -]?(?:violent|sexual|graphic|gory|bloody)(?![\w'-])"
    r"|(?:blood|gore|violence|nudity)-free\b)",
    re.IGNORECASE,
)
"""Wording that rules a harm out. Every repetition is bounded by the words of the lists."""


def without_ruled_out(text: NormalisedText) -> NormalisedText | None:
    """The text with what it rules out blanked, each character where it was; None where it rules out nothing or says nothing
    else."""
    if RULED_OUT.search(text.text) is None:
        return None
    left = RULED_OUT.sub(lambda match: " " * len(match.group()), text.text)
    if not any(char.isalpha() for char in left):
        return None
    return NormalisedText(text.original, left, text.starts, text.ends)
