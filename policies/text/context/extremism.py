"""Approval of movements that stand for persecuting people: "long live", "join", "we support" beside such a name.

A short slogan gives a classifier little to weigh, and the policy leaves no doubt about it: an extremist symbol or propaganda
that is celebrated (POLICY.md, row `hate`). The name alone says nothing here: histories, museums and war films name them, too.
"""

import re
from dataclasses import dataclass

_NAME = (
    r"(?:(?:neo-?)?nazi(?:s|sm|(?: (?:party|regime|cause|movement|germany|flag|salute|ideology)))?|third reich|"
    r"national socialism|hitlerism|gestapo|waffen[- ]ss|ku klux klan|the klan|kkk|aryan (?:nations?|brotherhood|race)|"
    r"white (?:power|supremac(?:y|ists?))|isis|isil|islamic state|al[- ]qaeda|boko haram|apartheid|the holocaust|"
    r"ethnic cleansing|racial segregation|jim crow)"
)
_APPROVAL = (
    r"(?:(?:we|i|let us|let's|people|citizens|everyone|please|proudly|must|should|to) (?:all )?(?:proudly )?"
    r"(?:support|love|back|salute|praise|celebrate|honou?r|follow|restore|stand with|vote for)|join|bring back|"
    r"long live|(?:all )?hail|heil|(?:glory|victory|power) to|proud (?:to be|of|member of|supporter of)|"
    r"three cheers for|god bless|in praise of|greatness of)"
)
_BETWEEN = r"(?: (?:the|our|a|an|this|that|great|glorious|mighty|local|new|and|stand with|member of))*"
"""All that may stand between the two. With anything else between, it is something else that is approved of: survivors, a fall."""
_OTHERWISE = re.compile(
    r"\b(?:not|never|no|n't|against|victims?|survivors?|fight(?:ing)?|resist\w*|defeat\w*|condemn\w*|reject\w*|"
    r"end(?:ed|ing)? (?:of|to)|documentar\w+|museum|histor\w+|how did|why did|who were|teach\w*|lesson|memorial|"
    r"liberat\w+|refus\w+|stop\w*|escap\w+|hid(?:e|ing)|goddess|egypt\w*|osiris|"
    r"remember\w*|remembrance|commemorat\w*|surviv\w*|mourn\w*|dead|fallen)\b",
    re.IGNORECASE,
)
_SAID = re.compile(
    rf"\b{_APPROVAL}{_BETWEEN} {_NAME}\b(?! of\b)|\b{_NAME} (?:forever|was right|were right|rules?|will rise again)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+")


@dataclass(frozen=True, slots=True)
class Approval:
    """Characters `start` to `end` of the text approve of such a movement."""

    start: int
    end: int


def approval_in(text: str) -> Approval | None:
    """The first approval in a sentence without a word that frames or denies it, or means the goddess Isis; or None."""
    for sentence in _SENTENCE.finditer(text):
        said = _SAID.search(text, *sentence.span())
        if said is not None and _OTHERWISE.search(text, *sentence.span()) is None:
            return Approval(*said.span())
    return None
