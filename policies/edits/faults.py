"""From what rules fired on to the places of a text that would have to change, or the reason why no change of words is
proposed."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from policies.edits.candidates import Fault
from policies.findings import Finding, TextSpan
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.taxonomy import Category, Verdict

Generic = Callable[[Finding], tuple[str, ...]]
"""Descriptions that may stand for what a finding names, best first; nothing where it names nothing."""
NOT_OF_AGE = frozenset({Category.ILLICIT})
"""Categories in which saying that adults are meant is an honest change: drinking, gambling. Nothing sexual, no violence."""


class Withheld(StrEnum):
    """Why no changed text is offered: a stable word for staff. Users are only not offered one."""

    NOTHING_TO_CHANGE = "nothing_to_change"
    KEPT_BACK = "kept_back"
    DISGUISED = "disguised"
    NOT_THESE_WORDS = "not_these_words"
    NOT_A_REQUEST = "not_a_request"
    A_PERSON_DECIDED = "a_person_decided"
    NOT_ASKED = "not_asked"
    NONE_PASSED = "none_passed"
    OUT_OF_TIME = "out_of_time"
    COULD_NOT_JUDGE = "could_not_judge"


def faults_of(
    ruling: Ruling, findings: Sequence[Finding], field: str, generic: Generic
) -> tuple[Fault, ...] | None:
    """The places in the text `field`; None when a rule that is no allow rests on anything else, since no change of words mends
    it: a picture, an account, a consent, a check that could not judge."""
    faults: dict[Fault, None] = {}
    for fired in ruling.rules:
        if fired.verdict is Verdict.ALLOW:
            continue
        finding = _finding(fired, findings)
        if finding is None or not isinstance(finding.where, TextSpan) or finding.where.field != field:
            return None
        faults[Fault(finding.where.start, finding.where.end, finding.category, generic(finding))] = None
    return tuple(faults) or None


def age_matters(ruling: Ruling, context: PolicyContext) -> bool:
    """Whether it may help to say that adults are meant: somebody under 18 is spoken of, in nothing worse than `NOT_OF_AGE`."""
    return context.minor_present and set(ruling.categories) <= NOT_OF_AGE


def _finding(fired: RuleFired, findings: Sequence[Finding]) -> Finding | None:
    return None if fired.finding is None else findings[fired.finding]
