"""Whether a rule blocks much more than it used to: two shares compared by the bounds of their Wilson intervals.

Pure arithmetic. What follows from a flood (which revision goes back, who is told) is the service's.
"""

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
    return any(_about_absolute(change) and change.effect == "looser" for change in diff(now, back_to))


def _about_absolute(change: Change) -> bool:
    said = {*change.path, *_words(change.before), *_words(change.after)}
    return not ABSOLUTE_CATEGORIES.isdisjoint(said)


def _words(value: Any) -> set[str]:
    """Every word in a plain value, keys included."""
    if isinstance(value, dict):
        return set(value).union(*map(_words, value.values()))
    if isinstance(value, list):
        return set().union(*map(_words, value))
    return {str(value)}
