"""The statement of reasons: what a user is told about a ruling, what staff are told, and how the DSA database files it.

A refusal names the category, where, the rule and the revision, and the nearest edit that would pass; no edit for
`minors`, whatever a document says, nor for what the document calls clearly criminal (`hint_when`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from policies.clauses import ReasonClause
from policies.document import PolicyDocument
from policies.dsa import DsaStatement, dsa_statement
from policies.findings import Finding
from policies.places import name_place
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.signals import ABSOLUTE_CATEGORIES, SIGNALS
from policies.taxonomy import Category, Verdict

Fields = Mapping[str, str]
UNMISTAKABLE = "text.absolute"
_OPENING = MappingProxyType(
    {
        Verdict.ALLOW: "Nothing here is against the policy.",
        Verdict.REVIEW: "A person will look at this before anything is released.",
        Verdict.BLOCK: "This was refused.",
    }
)
_FALLBACK = ReasonClause(
    user="We could not check this completely.",
    operator="The document gives no reason of this name.",
    hint="",
    hint_when="never",
    dsa=None,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said about one ruling.

    `code` is stable and made for programs: `allow`, `content.CATEGORY`, a fact's signal (`likeness.revoked`),
    `absolute.CATEGORY`, `combination.ID`, `engine.unjudged`, … `user_text` may quote the user's own words and holds no
    name of a list entry or a model; `operator_text` has one line per rule. `edit` is the document's advice in general
    (a changed text that was itself judged comes from `policies.edits` and the gate), or None where none may be given.
    `dsa` is None for an allow and where a reason has no filing, such as an account's quota.
    """

    code: str
    verdict: Verdict
    category: Category | None
    user_text: str
    operator_text: str
    edit: str | None
    dsa: DsaStatement | None
    policy: str


def explain(
    document: PolicyDocument,
    ruling: Ruling,
    findings: Sequence[Finding],
    context: PolicyContext,
    fields: Fields | None = None,
) -> Statement:
    """The statement of reasons for a ruling on the flattened `findings` (`engine.flatten(reports)`).

    `fields` are the texts that were judged, by field name, so that a span can be quoted; without them it is counted.
    """
    deciding = ruling.deciding
    if deciding is None:
        return _allowed(ruling)
    clause = _clause(document, deciding)
    edit = _edit(document, ruling, findings)
    place = _place(deciding, findings, fields or {})
    return Statement(
        code=machine_code(deciding, findings),
        verdict=ruling.verdict,
        category=ruling.category,
        user_text=_user_text(ruling, deciding, clause, place, edit),
        operator_text="\n".join(_operator_line(document, fired, findings) for fired in ruling.rules),
        edit=edit,
        dsa=dsa_statement(clause, ruling, deciding, context),
        policy=ruling.policy,
    )


def _allowed(ruling: Ruling) -> Statement:
    operator = f"No rule fired under policy {ruling.policy}."
    text = _OPENING[Verdict.ALLOW]
    return Statement("allow", ruling.verdict, None, text, operator, None, None, ruling.policy)


def machine_code(fired: RuleFired, findings: Sequence[Finding]) -> str:
    """The stable code of a rule: by what it is about, not by which model or context made it fire."""
    kind, _, name = fired.rule_id.partition(":")
    if kind in {"engine", "combination", "absolute"}:
        return f"{kind}.{name}"
    finding = _finding(fired, findings)
    known = None if finding is None else SIGNALS.get(finding.signal)
    if finding is not None and known is not None and not known.scored and finding.signal != UNMISTAKABLE:
        return finding.signal
    return f"content.{fired.category}"


def _clause(document: PolicyDocument, fired: RuleFired) -> ReasonClause:
    return document.reasons.get(fired.reason, _FALLBACK)


def _finding(fired: RuleFired, findings: Sequence[Finding]) -> Finding | None:
    return None if fired.finding is None else findings[fired.finding]


def _place(fired: RuleFired, findings: Sequence[Finding], fields: Fields) -> str:
    """Where it was found; what concerns a child is named and never repeated."""
    finding = _finding(fired, findings)
    if finding is None:
        return ""
    return name_place(finding.where, fields, quoted=fired.category not in ABSOLUTE_CATEGORIES)


def _user_text(
    ruling: Ruling, deciding: RuleFired, clause: ReasonClause, place: str, edit: str | None
) -> str:
    named = "" if ruling.category is None else f"Category: {ruling.category.value.replace('_', ' ')}."
    parts = (
        _OPENING[ruling.verdict],
        clause.user,
        named,
        f"Where: {place}." if place else "",
        f"Rule: {deciding.rule_id}, policy {ruling.policy}.",
        f"What would help: {edit}" if edit else "",
    )
    return " ".join(part for part in parts if part)


def _edit(document: PolicyDocument, ruling: Ruling, findings: Sequence[Finding]) -> str | None:
    """The hints of every rule that fired, since an edit passes only when none is left. Conditions for giving any:

    no rule concerns an absolute category, no pattern left no doubt, and no rule's reason keeps its hint back at this
    verdict (`hint_when`: never, or only for a review).
    """
    if any(_keeps_back(document, fired, findings) for fired in ruling.rules):
        return None
    hints = dict.fromkeys(_clause(document, fired).hint for fired in ruling.rules)
    return " ".join(hint for hint in hints if hint) or None


def may_suggest(
    document: PolicyDocument, ruling: Ruling, findings: Sequence[Finding], context: PolicyContext
) -> bool:
    """Whether a changed text may be proposed to whoever was refused. Conditions, all of them:

    - something was not allowed, and no rule keeps its hint back (see `_edit`): nothing absolute, no pattern that left no
      doubt, nothing that the document calls clearly criminal;
    - nothing sexual fired while somebody under 18 is shown or spoken of: nobody is helped to write around that.
    """
    if ruling.verdict is Verdict.ALLOW or any(_keeps_back(document, one, findings) for one in ruling.rules):
        return False
    return not (context.minor_present and Category.SEXUAL in ruling.categories)


def _keeps_back(document: PolicyDocument, fired: RuleFired, findings: Sequence[Finding]) -> bool:
    finding = _finding(fired, findings)
    clause = _clause(document, fired)
    return (
        fired.category in ABSOLUTE_CATEGORIES
        or (finding is not None and finding.signal == UNMISTAKABLE)
        or (clause.hint != "" and clause.hint_when == "never")
        or (clause.hint_when == "review" and fired.verdict is Verdict.BLOCK)
    )


def _operator_line(document: PolicyDocument, fired: RuleFired, findings: Sequence[Finding]) -> str:
    """`block by likeness.revoked: … [evidence]`, for staff."""
    finding = _finding(fired, findings)
    evidence = fired.subject
    if finding is not None:
        place = name_place(finding.where, {}, quoted=False)
        matched = f", matched {finding.matched}" if finding.matched else ""
        limit = "" if fired.threshold is None else f" from {fired.threshold}"
        evidence = f"{finding.signal} {finding.score}{limit} at {place}{matched}, by {finding.check} {finding.revision}"
    text = _clause(document, fired).operator
    return f"{fired.verdict.value} by {fired.rule_id}: {text}" + (f" [{evidence}]" if evidence else "")
