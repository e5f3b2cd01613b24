"""Whether a changed text passes with room to spare: one that scrapes by beneath a threshold teaches where the threshold is."""

from collections.abc import Iterable, Sequence

from policies.document import PolicyDocument
from policies.findings import Finding
from policies.rulings import Ruling
from policies.taxonomy import Category, Verdict

ROOM = 0.5
"""A score that was too high must come down to this share of the review threshold. Chosen, not measured: a text half as
doubtful as what a person would be asked about is another text."""


def passes_clearly(
    document: PolicyDocument, ruling: Ruling, findings: Sequence[Finding], refused_for: Iterable[Category]
) -> bool:
    """Whether `ruling` is an allow, every check judged, and no score of a category it was refused for lies close below review."""
    if ruling.verdict is not Verdict.ALLOW or ruling.unjudged or ruling.skipped:
        return False
    before = frozenset(refused_for)
    return all(_clear(document, one) for one in findings if one.category in before)


def _clear(document: PolicyDocument, finding: Finding) -> bool:
    clause = document.signals.get(finding.signal)
    limits = None if clause is None or finding.category is None else clause.thresholds.get(finding.category)
    if limits is None:
        return clause is None or clause.verdict in {None, Verdict.ALLOW}
    first = limits.review or limits.block
    return first is None or finding.score <= ROOM * first
