"""One score per text: how far its strictest category lies beyond the threshold of review, whatever the category's threshold is.

The text margin is the classifier's and the absolute rules'. The gate's margin also knows facts, such as a listed name, which
no threshold moves: at 0 or above the text is not allowed, below 0 it is.
"""

from collections.abc import Iterable, Sequence

from policies.document import PolicyDocument
from policies.evidence import tightened
from policies.findings import Finding
from policies.rulings import RuleFired, Ruling
from policies.taxonomy import Verdict

CERTAIN = 1.0
"""The margin of a fact: a listed name, an absolute rule."""
NOTHING = -1.0
"""The margin of a text of which nothing is said."""
JUST_BELOW = -0.0001
COULD_NOT = frozenset({"engine:unjudged", "engine:skipped", "engine:nothing_judged"})


def rests_on_nothing(ruling: Ruling) -> bool:
    """Whether a text was held only because something could not be judged: that says nothing of the text."""
    return bool(ruling.rules) and all(fired.rule_id in COULD_NOT for fired in ruling.rules)


def margin_of(document: PolicyDocument, findings: Sequence[Finding], ruling: Ruling) -> float | None:
    """In [-1, 1], rounded to four decimals; None for a text that was held only because something could not be judged."""
    if rests_on_nothing(ruling):
        return None
    best = max((*_scored(document, findings), *map(_fired, _content(ruling.rules))), default=NOTHING)
    return round(max(best, 0.0) if ruling.verdict is not Verdict.ALLOW else min(best, JUST_BELOW), 4)


def text_margin_of(document: PolicyDocument, findings: Sequence[Finding], ruling: Ruling) -> float | None:
    """As `margin_of`, of the scored findings and the absolute rules alone: what moving the thresholds would move."""
    if rests_on_nothing(ruling):
        return None
    absolute = [CERTAIN for fired in ruling.rules if fired.absolute and fired.threshold is None]
    return round(max((*absolute, *_scored(document, findings)), default=NOTHING), 4)


def highest(findings: Iterable[Finding], signal: str = "text.classifier") -> float:
    """The highest score of the signal, 0 where it found nothing worth recording: the probability that any category applies."""
    return max((finding.score for finding in findings if finding.signal == signal), default=0.0)


def _scored(document: PolicyDocument, findings: Sequence[Finding]) -> Iterable[float]:
    for finding in findings:
        clause = document.signals.get(finding.signal)
        listed = (
            None if clause is None or finding.category is None else clause.thresholds.get(finding.category)
        )
        threshold = tightened(finding.category, listed)
        start = None if threshold is None else threshold.review or threshold.block
        if start is not None:
            yield finding.score - start


def _content(rules: Iterable[RuleFired]) -> list[RuleFired]:
    return [fired for fired in rules if fired.rule_id not in COULD_NOT]


def _fired(fired: RuleFired) -> float:
    """A fact is certain. A threshold that was reached is scored already, a combination of rules is at least at its threshold."""
    return CERTAIN if fired.threshold is None and fired.finding is not None else 0.0
