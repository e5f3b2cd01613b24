"""Whether a rule blocks much more than it used to: two shares compared by the bounds of their Wilson intervals.

Pure arithmetic. What follows from a flood (which revision goes back, who is told) is the service's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.document import PolicyDocument
from policies.evaluation.intervals import Share
from policies.lifecycle.diff import Change, diff
from policies.signals import ABSOLUTE_CATEGORIES, SIGNALS

ABSOLUTE = "absolute:"


@dataclass(frozen=True, slots=True)
class FloodRule:
    """When a rule floods: its share of blocks among decisions is more than `factor` times the usual one, by the cautious bound of
    each (Wilson, 95 %: the lower of now, the upper of usual), with at least `min_decisions` on both sides. Factor 0 is off."""

    factor: float
    min_decisions: int

    def floods(self, now: Share, usual: Share) -> bool:
        """Whether `now` is a flood against `usual`. Too few decisions on either side are no proof."""
        if not self.factor or min(now.n, usual.n) < max(1, self.min_decisions):
            return False
        return now.interval[0] > self.factor * usual.interval[1]


def untouchable(rule_id: str) -> bool:
    """Whether this rule stands above every document: its flood is told to people and undoes nothing.

    The absolute rules, every score of an absolute category, and the signals that always block.
    """
    signal, _, category = rule_id.partition(":")
    fixed = signal in SIGNALS and SIGNALS[signal].fixed
    return rule_id.startswith(ABSOLUTE) or category in ABSOLUTE_CATEGORIES or fixed


def loosens_absolute(now: PolicyDocument, back_to: PolicyDocument) -> bool:
    """Whether going back from `now` would loosen, or do away with, anything that is said of an absolute category."""
    contents = [json.loads(document.content) for document in (now, back_to)]
    looser = (change for change in diff(now, back_to) if change.effect == "looser")
    return any(not ABSOLUTE_CATEGORIES.isdisjoint(_said(change, contents)) for change in looser)


def _said(change: Change, contents: Sequence[Mapping[str, Any]]) -> set[str]:
    """What a change is about, in words: the way to it and what differs. What must come together, and when a rule holds, is about
    all that the rule says."""
    section, *way = change.path
    said = {*way} | (_words(change.before) ^ _words(change.after))
    if section in {"contexts", "combinations"} and not {"review_becomes_block", "thresholds"} & {*way}:
        said |= set().union(*(_words(content.get(section, {}).get(way[0])) for content in contents))
    return said


def _words(value: Any) -> set[str]:
    """Every word in a plain value, keys included."""
    if isinstance(value, dict):
        return set(value).union(*map(_words, value.values()))
    if isinstance(value, list):
        return set().union(*map(_words, value))
    return {str(value)}
