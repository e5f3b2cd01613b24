"""Reading a recorded decision back as what it was: reports, findings, ruling and words, typed, for whoever explains it.

A person's decision has no reports; a body that an older version wrote may lack fields, which then read as empty.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moderation.gate.decisions import Decision
from policies.engine import flatten
from policies.findings import CheckReport, CheckStatus, Finding
from policies.records import context_from_plain, reports_from_plain, ruling_from_plain
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.taxonomy import Verdict


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision's body. `findings` are numbered as `RuleFired.finding` counts them; `reason` is a person's; `code` is the
    machine code of the statement; `context` is None for a person's decision."""

    ruling: Ruling
    reports: tuple[CheckReport, ...] = ()
    context: PolicyContext | None = None
    code: str = ""
    user_text: str = ""
    operator_text: str = ""
    edit: str = ""
    reason: str = ""
    revisions: Mapping[str, str] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all reports, in order."""
        return flatten(self.reports)

    @property
    def unjudged(self) -> tuple[CheckReport, ...]:
        """The checks that could not judge, each with its cause."""
        return tuple(report for report in self.reports if report.status is CheckStatus.UNJUDGED)


def read_body(decision: Decision) -> Recorded:
    """The body of `decision`. Raises `RecordUnreadable` for reports or a ruling of another version."""
    body: dict[str, Any] = json.loads(decision.body)
    reasons = body.get("reasons") or {}
    recorded = body.get("ruling") or {}
    complete = "policy" in recorded
    return Recorded(
        ruling=ruling_from_plain(recorded) if complete else _only_verdict(decision),
        reports=reports_from_plain(body.get("reports") or ()),
        context=context_from_plain(body["context"]) if body.get("context") else None,
        code=str(reasons.get("code") or ""),
        user_text=str(reasons.get("user_text") or ""),
        operator_text=str(reasons.get("operator_text") or ""),
        edit=str(reasons.get("edit") or ""),
        reason=str(body.get("reason") or ""),
        revisions=_revisions(body.get("revisions") or {}),
    )


def deciding_rule(decision: Decision) -> str:
    """The id of the rule that names the verdict; empty for an allow and for a person's decision."""
    deciding: RuleFired | None = read_body(decision).ruling.deciding
    return deciding.rule_id if deciding else ""


def _only_verdict(decision: Decision) -> Ruling:
    return Ruling(Verdict(decision.verdict), None, decision.policy_revision)


def _revisions(raw: Mapping[str, Any]) -> dict[str, str]:
    """One line for each thing that is pinned: policy, registry, then every check."""
    pinned = {name: str(value) for name, value in raw.items() if not isinstance(value, Mapping)}
    return pinned | {str(name): str(value) for name, value in (raw.get("checks") or {}).items()}
