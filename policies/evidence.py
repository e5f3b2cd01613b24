"""What one finding fires by itself: its signal's clause, tightened where the engine insists whatever a document says."""

from collections.abc import Iterator

from policies.clauses import SignalClause, Threshold
from policies.document import PolicyDocument
from policies.findings import Finding
from policies.rulings import RuleFired
from policies.signals import ABSOLUTE_CATEGORIES, ABSOLUTE_CEILING, SIGNALS
from policies.taxonomy import Category, Verdict

HELD_REASON = "unjudged"


def judge_finding(document: PolicyDocument, index: int, finding: Finding) -> Iterator[RuleFired]:
    """The rule that finding number `index` fires, if any. Conditions, in this order:

    - a fixed signal blocks; in an absolute category it is an absolute rule;
    - a signal that is unknown, or that the document does not mention, is a review;
    - a fact gets its clause's verdict;
    - a score is held against the thresholds of its category; a category the clause does not list is a review.
    """
    signal = SIGNALS.get(finding.signal)
    clause = document.signals.get(finding.signal)
    if signal is not None and signal.fixed:
        yield _fixed(index, finding, clause)
    elif signal is None or clause is None:
        yield _held(index, finding, "engine:unknown_signal")
    elif not signal.scored:
        yield from _fact(index, finding, clause)
    else:
        yield from _score(index, finding, clause)


def _reason(finding: Finding, clause: SignalClause | None) -> str:
    if clause is not None and clause.reason is not None:
        return clause.reason
    return HELD_REASON if finding.category is None else finding.category.value


def _fixed(index: int, finding: Finding, clause: SignalClause | None) -> RuleFired:
    absolute = finding.category in ABSOLUTE_CATEGORIES
    return RuleFired(
        rule_id=f"absolute:{finding.category}" if absolute else finding.signal,
        category=finding.category,
        verdict=Verdict.BLOCK,
        finding=index,
        threshold=None,
        reason=_reason(finding, clause),
        absolute=absolute,
    )


def _held(index: int, finding: Finding, rule_id: str) -> RuleFired:
    """Evidence the document says nothing about is not ignored: a person looks."""
    return RuleFired(
        rule_id, finding.category, Verdict.REVIEW, index, None, HELD_REASON, subject=finding.signal
    )


def _fact(index: int, finding: Finding, clause: SignalClause) -> Iterator[RuleFired]:
    verdict = Verdict.REVIEW if clause.verdict is None else clause.verdict
    if verdict is not Verdict.ALLOW:
        reason = _reason(finding, clause)
        yield RuleFired(finding.signal, finding.category, verdict, index, None, reason)


def _score(index: int, finding: Finding, clause: SignalClause) -> Iterator[RuleFired]:
    threshold = tightened(finding.category, _listed(clause, finding.category))
    if threshold is None:
        yield _held(index, finding, "engine:undeclared_category")
        return
    reached = threshold.reached(finding.score)
    if reached is not None:
        verdict, at = reached
        yield RuleFired(
            rule_id=f"{finding.signal}:{finding.category}",
            category=finding.category,
            verdict=verdict,
            finding=index,
            threshold=at,
            reason=_reason(finding, clause),
            absolute=verdict is Verdict.BLOCK and finding.category in ABSOLUTE_CATEGORIES,
        )


def _listed(clause: SignalClause, category: Category | None) -> Threshold | None:
    return None if category is None else clause.thresholds.get(category)


def tightened(category: Category | None, threshold: Threshold | None) -> Threshold | None:
    """The document's threshold; in an absolute category it blocks at the ceiling at the latest."""
    if category not in ABSOLUTE_CATEGORIES or threshold is None:
        return threshold
    block = ABSOLUTE_CEILING if threshold.block is None else min(threshold.block, ABSOLUTE_CEILING)
    return Threshold(threshold.review, block)
