"""The engine: findings in, ruling out. Pure, and the same bytes for the same findings under the same policy.

The ruling is the strictest of all rules that fire, and every one is recorded. Whatever a document says: fixed signals
block, absolute categories block at their ceiling, and what was not judged is never an allow.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from policies.compound import judge_combinations, judge_contexts
from policies.document import PolicyDocument
from policies.evidence import HELD_REASON, judge_finding
from policies.findings import CheckReport, CheckStatus, Finding
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.taxonomy import Category, Verdict, strictest

UNJUDGED = "engine:unjudged"
"""The rule that a check which could not judge fires."""

__all__ = ["UNJUDGED", "PolicyContext", "RuleFired", "Ruling", "flatten", "rule"]


def flatten(reports: Iterable[CheckReport]) -> tuple[Finding, ...]:
    """The findings of all reports in their order: what `RuleFired.finding` counts."""
    return tuple(chain.from_iterable(report.findings for report in reports))


def rule(document: PolicyDocument, reports: Sequence[CheckReport], context: PolicyContext) -> Ruling:
    """Judge the reports under the document. What can fire, each recorded as a `RuleFired`:

    - each finding, by its signal's clause and the absolute rules;
    - the context clauses that hold, which only make stricter;
    - the combinations whose parts all fired;
    - a report that is unjudged: review, or what the document says of its cause;
    - a report that was skipped: review, unless something blocks (a block of an earlier tier is why it was skipped);
    - no report that judged or tried to: review.

    An uncovered report has no effect; its check is listed.
    """
    findings = flatten(reports)
    fired = [*chain.from_iterable(judge_finding(document, i, finding) for i, finding in enumerate(findings))]
    fired += [*judge_contexts(document, findings, fired, context.circumstances())]
    fired += [*judge_combinations(document, findings, fired)]
    fired += [*_unjudged(document, reports)]
    if strictest(found.verdict for found in fired) is not Verdict.BLOCK:
        fired += [*_unseen(reports)]
    verdict = strictest(found.verdict for found in fired)
    return Ruling(
        verdict=verdict,
        category=_naming_category(fired, verdict),
        policy=document.revision,
        rules=tuple(fired),
        unjudged=_names(reports, CheckStatus.UNJUDGED),
        uncovered=_names(reports, CheckStatus.UNCOVERED),
        skipped=_names(reports, CheckStatus.SKIPPED),
    )


def _names(reports: Sequence[CheckReport], status: CheckStatus) -> tuple[str, ...]:
    return tuple(report.check for report in reports if report.status is status)


def _naming_category(fired: Sequence[RuleFired], verdict: Verdict) -> Category | None:
    """Of the rules as strict as the verdict, the category highest in the table; None if none of them is about content."""
    named = [found.category for found in fired if found.verdict is verdict and found.category is not None]
    return min(named, key=lambda category: category.precedence, default=None)


def _unjudged(document: PolicyDocument, reports: Sequence[CheckReport]) -> Iterator[RuleFired]:
    for report in reports:
        if report.status is CheckStatus.UNJUDGED:
            verdict = strictest((Verdict.REVIEW, document.unjudged.get(report.cause, Verdict.REVIEW)))
            subject = f"{report.check}: {report.cause}" if report.cause else report.check
            reason = report.cause if report.cause in document.reasons else HELD_REASON
            yield _engine(UNJUDGED, verdict, subject, reason)


def _unseen(reports: Sequence[CheckReport]) -> Iterator[RuleFired]:
    """What would let something pass unseen: a check nobody ran, or no check at all."""
    for report in reports:
        if report.status is CheckStatus.SKIPPED:
            yield _engine("engine:skipped", Verdict.REVIEW, report.check)
    if all(report.status is CheckStatus.UNCOVERED for report in reports):
        yield _engine("engine:nothing_judged", Verdict.REVIEW, "")


def _engine(rule_id: str, verdict: Verdict, subject: str, reason: str = HELD_REASON) -> RuleFired:
    return RuleFired(rule_id, None, verdict, None, None, reason, subject=subject)
