"""Names of movements for equal rights: "Black lives matter", "stop Asian hate", "trans rights are human rights".

They set words for a group of people beside words that hate uses, and a classifier weighs words. The text is judged once more with
"equality" in their place, and the milder score counts. Whatever else the text says is judged as it stands, and a name that goes
on ("… matter less") is no name.
"""

import re

from policies.text.normalise import NormalisedText

_PEOPLE = (
    r"(?:black|brown|asian|indigenous|native|jewish|muslim|palestinian|roma|dalit|immigrant|migrant|refugee|disabled|gay|lesbian|"
    r"queer|trans|women'?s|girls'?|lgbtq?\+?)"
)
NAMED = re.compile(
    rf"\b(?:{_PEOPLE} lives matter|{_PEOPLE} rights are human rights|stop (?:asian|jewish|anti-asian|anti-muslim) hate|"
    r"no human (?:being )?is illegal|refugees (?:are )?welcome)\b"
    r"(?! (?:less|least|nothing|not|never|only|too much|in|to|nowhere|anywhere|dead|as)\b)",
    re.IGNORECASE,
)
INSTEAD = "equality"


def without_movements(text: NormalisedText) -> NormalisedText | None:
    """The text with each such name replaced by as many characters; None where there is none."""
    if NAMED.search(text.text) is None:
        return None
    left = NAMED.sub(lambda match: INSTEAD.ljust(len(match.group())), text.text)
    return NormalisedText(text.original, left, text.starts, text.ends)
