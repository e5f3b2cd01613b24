"""The whole explanation of one decision, typed, and its two parts as JSON: the user's, and the operators'.

The user's part is made for whoever asked: their own words may be quoted; no score, threshold, pattern, list entry, model or other
person's data is in it. The operators' part has all of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moderation.explaining.changes import change_to_plain
from moderation.explaining.seek import Seek, Sought
from moderation.explaining.told import Told
from policies.article17 import StatementOfReasons, statement_of_reasons
from policies.clauses import ReasonClause
from policies.counterfactual import Milder, milder
from policies.findings import CheckStatus
from policies.places import name_place
from policies.records import finding_to_plain, where_to_plain
from policies.rulings import RuleFired
from policies.taxonomy import Category, Stage, Verdict

_NO_CLAUSE = ReasonClause(
    user="This is against the content policy.", operator="", hint="", hint_when="never", dsa=None
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """`places` are where the rules that name the verdict found something, in words for the user; `milder` what would have to be
    different; `sought` what came of looking for a text that passes."""

    told: Told
    places: tuple[str, ...]
    milder: tuple[Milder, ...]
    sought: Sought

    @property
    def statement(self) -> StatementOfReasons | None:
        """What article 17 of the DSA owes; None for an allow."""
        person = self.told.recorded.reason if self.told.by_person else None
        ruling = self.told.recorded.ruling
        return statement_of_reasons(
            self.told.clause or _NO_CLAUSE, ruling, self.told.stage, self.places, person=person
        )


def explain_decision(told: Told, seek: Seek) -> Explanation:
    """Explain it. Runs no model but what `seek` runs."""
    recorded = told.recorded
    found: tuple[Milder, ...] = ()
    if told.document is not None and recorded.context is not None:
        found = milder(told.document, recorded.reports, recorded.context)
    return Explanation(told, _places(told), found, seek(told))


def explanation_to_plain(explained: Explanation, *, operator: bool) -> dict[str, Any]:
    """As JSON with top-level `id` and `verdict`; without `operator` that part is null."""
    decision = explained.told.decision
    return {
        "id": decision.id,
        "verdict": decision.verdict,
        "generation_id": decision.generation_id,
        "stage": decision.stage,
        "created_ms": decision.created_ms,
        "user": user_part(explained),
        "operator": operator_part(explained) if operator else None,
    }


def user_part(explained: Explanation) -> dict[str, Any]:
    """What whoever asked may read: category, rule, place, revision, code, statement of reasons, and the nearest edit that
    passes."""
    told, sought = explained.told, explained.sought
    deciding = told.recorded.ruling.deciding
    statement = explained.statement
    return {
        "code": code_of(told),
        "category": told.category.value if told.category else None,
        "rule": deciding.rule_id if deciding else None,
        "policy": told.decision.policy_revision,
        "decided_by": "person" if told.by_person else "machine",
        "text": _user_text(told),
        "places": list(explained.places),
        "where": [where_to_plain(told.recorded.findings[one].where) for one in _shown(told)],
        "advice": told.recorded.edit or None,
        "suggestion": suggestion_to_plain(sought),
        "statement_of_reasons": statement.to_plain() if statement else None,
    }


def suggestion_to_plain(sought: Sought) -> dict[str, Any] | None:
    """A text that the gate allowed when it was asked just now, how many words of it are changed, and under which policy."""
    found = sought.suggestion
    if found is None:
        return None
    return {
        "text": found.edit.text,
        "kind": found.edit.kind.value,
        "changed": found.edit.changed,
        "verdict": Verdict.ALLOW.value,
        "policy": found.policy,
    }


def operator_part(explained: Explanation) -> dict[str, Any]:
    """What staff may read: every rule with its evidence, what would change the verdict, and how the look for an edit went."""
    told, sought = explained.told, explained.sought
    recorded = told.recorded
    return {
        "text": recorded.operator_text,
        "actor": told.decision.actor,
        "reason": recorded.reason,
        "rules": [_rule(told, fired) for fired in recorded.ruling.rules],
        "findings": [finding_to_plain(finding) for finding in recorded.findings],
        "circumstances": sorted(recorded.context.circumstances()) if recorded.context else [],
        "unjudged": {report.check: report.cause for report in recorded.unjudged},
        "skipped": _named(told, CheckStatus.SKIPPED),
        "uncovered": _named(told, CheckStatus.UNCOVERED),
        "revisions": dict(recorded.revisions or {}),
        "would_change": [_milder(told, one) for one in explained.milder],
        "edit": {"withheld": sought.withheld.value if sought.withheld else None, "judged": sought.judged},
        "unreadable": told.unreadable,
    }


def code_of(told: Told) -> str:
    """The stable machine code of the decision: that of its statement, `person.VERDICT` where somebody decided."""
    return f"person.{told.decision.verdict}" if told.by_person else told.recorded.code


def _user_text(told: Told) -> str:
    if not told.by_person:
        return told.recorded.user_text
    did = "allowed this" if told.decision.verdict == Verdict.ALLOW.value else "refused this"
    return f"A person looked at this and {did}. {told.recorded.reason}".strip()


def _shown(told: Told) -> Sequence[int]:
    """The findings that the rules naming the verdict rest on, each place once. Nothing of what concerns a child is repeated."""
    ruling = told.recorded.ruling
    findings = told.recorded.findings
    decisive = (fired for fired in ruling.rules if fired.verdict is ruling.verdict)
    places: dict[Any, int] = {}
    for fired in decisive:
        if fired.finding is not None and ruling.verdict is not Verdict.ALLOW:
            places.setdefault(findings[fired.finding].where, fired.finding)
    return tuple(places.values())


def _places(told: Told) -> tuple[str, ...]:
    quoted = Category.MINORS not in told.recorded.ruling.categories
    own = {"prompt": told.request.prompt} if told.stage is Stage.REQUEST else {}
    findings = told.recorded.findings
    return tuple(dict.fromkeys(name_place(findings[one].where, own, quoted=quoted) for one in _shown(told)))


def _rule(told: Told, fired: RuleFired) -> dict[str, Any]:
    score = None if fired.finding is None else told.recorded.findings[fired.finding].score
    clause = told.document.reasons.get(fired.reason) if told.document else None
    return {
        "rule": fired.rule_id,
        "verdict": fired.verdict.value,
        "category": fired.category.value if fired.category else None,
        "finding": fired.finding,
        "score": score,
        "threshold": fired.threshold,
        "subject": fired.subject,
        "decides": fired is told.recorded.ruling.deciding,
        "absolute": fired.absolute,
        "text": clause.operator if clause else "",
    }


def _milder(told: Told, one: Milder) -> Mapping[str, Any]:
    return {
        "verdict": one.verdict.value,
        "liftable": one.liftable,
        "all_of": [change_to_plain(change, told.recorded) for change in one.needed],
        "or_any_of": [change_to_plain(change, told.recorded) for change in one.circumstances],
    }


def _named(told: Told, status: CheckStatus) -> list[str]:
    return [report.check for report in told.recorded.reports if report.status is status]
