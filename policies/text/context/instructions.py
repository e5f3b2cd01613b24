"""Instructions that would work outside the story: a film's chemist who recites the steps teaches them all the same.

A text is one when it asks for steps, quantities or a recipe beside a thing that is only made or done to harm, in one sentence or
in neighbouring ones. Teaching how to notice, prevent or treat it is something else.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

REACH = 120
"""Characters between the asking for steps and the thing."""
LONGEST = 60
"""More characters than any wording that asks for steps."""

_STEPS = re.compile(
    r"\bstep[- ]by[- ]step\b|\bsteps? (?:one|1|to)\b|\bhow(?:-| )to (?:make|build|cook|mix|create|assemble|synthesi[sz]e|"
    r"produce|brew|construct|prepare|convert|hack|launder|forge|counterfeit|smuggle|poison|get away)\b|"
    r"\b(?:exact|precise|correct|specific) "
    r"(?:amounts?|quantit(?:y|ies)|measurements?|ratios?|dos(?:e|es|age)|ingredients|steps|temperatures?|chemicals)\b|"
    r"\b(?:instructions|recipe|tutorial|blueprints?|schematics|formula|ingredients? list|list of ingredients) (?:for|to|on)\b|"
    r"\b\d+ ?(?:grams?|ml|millilit(?:er|re)s|kg) of\b|\bexplain(?:s|ing)? (?:exactly )?how to\b",
    re.IGNORECASE,
)
_THING = re.compile(
    r"(?<!bath )(?<!photo)(?<!seed )(?<!cherry )(?<!fake )(?<!toy )\bbombs?\b|"
    r"\b(?:pipe ?bombs?|explosives|detonators?|molotov|napalm|thermite|"
    r"ied|meth|methamphetamine|crystal meth|fentanyl|heroin|crack cocaine|lsd|mdma|ghost guns?|untraceable (?:guns?|firearms?)|"
    r"(?:gun )?silencers?|sarin|ricin|anthrax|nerve (?:agent|gas)|mustard gas|chlorine gas|bioweapons?|dirty bomb|ransomware|"
    r"keyloggers?|counterfeit (?:money|bills|currency|cash)|fake (?:ids?|passports?)|skimmers?|money laundering|launder money)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:prevent|protect|recogni[sz]|avoid|detect|defend|spot|report|aware|safe|treat|recover|overdos|dispos|defus|disarm|dismantl|against|"
    r"histor|dangers? of|never|remov|clean|game|cake|cupcakes?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Instructions:
    """Characters `start` to `end` of the text ask for working steps towards `thing`."""

    start: int
    end: int
    thing: str


def instructions_in(text: str) -> Instructions | None:
    """The first asking for steps towards a harm, or None."""
    steps = [match.span() for match in _STEPS.finditer(text)]
    if not steps:
        return None
    for thing in _THING.finditer(text):
        first_near = bisect_left(steps, (thing.start() - REACH - LONGEST, 0))
        last_near = bisect_right(steps, (thing.end() + REACH, len(text)))
        for start, end in steps[first_near:last_near]:
            if max(start - thing.end(), thing.start() - end) <= REACH:
                first, last = min(start, thing.start()), max(end, thing.end())
                if _AGAINST.search(text, max(0, first - REACH), last + REACH) is None:
                    return Instructions(first, last, thing.group().lower())
    return None
