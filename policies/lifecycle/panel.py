"""The documents that look at a judgement: the one that rules, for whom another rules instead, and those that only watch.

A panel is taken once, before the first check, and kept to the end: no judgement begins under one policy and ends under another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.document import PolicyDocument
from policies.engine import rule
from policies.findings import CheckReport, CheckStatus
from policies.lifecycle.states import in_rollout
from policies.rulings import PolicyContext, Ruling


@dataclass(frozen=True, slots=True)
class Panel:
    """`active` rules; `rollout`, where there is one, rules instead for `percent` of the accounts (`states.in_rollout`);
    `shadows` rule on the same findings without effect."""

    active: PolicyDocument
    rollout: PolicyDocument | None = None
    percent: int = 0
    shadows: tuple[PolicyDocument, ...] = ()

    def ruling_for(self, account_id: str) -> PolicyDocument:
        """The document that rules on this account's requests and clips."""
        if self.rollout is not None and in_rollout(self.rollout.revision, account_id, self.percent):
            return self.rollout
        return self.active

    def watch(self, reports: Sequence[CheckReport], context: PolicyContext) -> tuple[Ruling, ...]:
        """What each shadow would have ruled, in their order; each names its revision in `policy`."""
        return tuple(rule(document, reports, context) for document in self.shadows)


def seen_whole(reports: Sequence[CheckReport]) -> bool:
    """Whether every check ran: a block of the ruling policy skips later tiers, which another policy might have wanted to see."""
    return all(report.status is not CheckStatus.SKIPPED for report in reports)
