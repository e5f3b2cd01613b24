"""Re-ruling what was recorded: the same findings under the same policy give the same bytes (DESIGN §5.5).

No model runs here. A recorded judgement under another document is a backtest of that document on one decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.canonical import canonical
from policies.document import PolicyDocument
from policies.engine import rule
from policies.records import context_from_plain, reports_from_plain, ruling_from_plain, ruling_to_plain
from policies.rulings import Ruling


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a decision's body keeps of a judgement, as plain JSON: its reports, its context, and the ruling it got."""

    reports: Sequence[Mapping[str, Any]]
    context: Mapping[str, Any]
    ruling: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The ruling now, the ruling then, and whether their canonical bytes are the same.

    `same_policy` is False when the document is of another revision: then a difference is the policy's, not a fault.
    """

    ruling: Ruling
    recorded: Ruling
    identical: bool
    same_policy: bool

    @property
    def verdict_changed(self) -> bool:
        """Whether someone would be treated differently now."""
        return self.ruling.verdict is not self.recorded.verdict


def canonical_ruling(ruling: Ruling) -> str:
    """The ruling's canonical JSON (RFC 8785): what a replay compares byte by byte."""
    return canonical(ruling_to_plain(ruling))


def rerule(document: PolicyDocument, recorded: Recorded) -> Ruling:
    """The document's ruling on the recorded reports. Raises `RecordUnreadable`."""
    return rule(document, reports_from_plain(recorded.reports), context_from_plain(recorded.context))


def replay(document: PolicyDocument, recorded: Recorded) -> Replayed:
    """Rule again and compare with what was recorded. Raises `RecordUnreadable`, `NotCanonical`."""
    ruling = rerule(document, recorded)
    before = ruling_from_plain(recorded.ruling)
    return Replayed(
        ruling=ruling,
        recorded=before,
        identical=canonical_ruling(ruling) == canonical(recorded.ruling),
        same_policy=document.revision == before.policy,
    )
