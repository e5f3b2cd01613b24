"""Rules that look at more than one finding: contexts, which only make stricter, and combinations of fired rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from policies.clauses import CombinationClause, ContextClause
from policies.document import PolicyDocument
from policies.findings import Finding
from policies.rulings import RuleFired
from policies.taxonomy import Verdict

COMBINATION = "combination:"


def names_of(fired: Iterable[RuleFired], findings: Sequence[Finding]) -> frozenset[str]:
    """What a clause may refer to: the ids of the rules that fired, and the signals of their findings."""
    found = tuple(fired)
    signals = (findings[rule.finding].signal for rule in found if rule.finding is not None)
    return frozenset(chain((rule.rule_id for rule in found), signals))


def judge_contexts(
    document: PolicyDocument,
    findings: Sequence[Finding],
    fired: Sequence[RuleFired],
    circumstances: frozenset[str],
) -> Iterator[RuleFired]:
    """What the context clauses that hold add to the rules the findings fired, clause by clause in order of their ids.

    A clause holds when one name of its `when_any` is a circumstance of this judgement or a rule that fired.
    """
    holding = circumstances | names_of(fired, findings)
    for name, clause in sorted(document.contexts.items()):
        if clause.when_any & holding:
            yield from _raised(f"context:{name}", clause, fired)
            yield from _tightened(f"context:{name}", clause, findings)


def _raised(rule_id: str, clause: ContextClause, fired: Sequence[RuleFired]) -> Iterator[RuleFired]:
    for rule in fired:
        if rule.verdict is Verdict.REVIEW and rule.category in clause.review_becomes_block:
            yield RuleFired(rule_id, rule.category, Verdict.BLOCK, rule.finding, rule.threshold, rule.reason)


def _tightened(rule_id: str, clause: ContextClause, findings: Sequence[Finding]) -> Iterator[RuleFired]:
    for index, finding in enumerate(findings):
        if finding.category is None:
            continue
        threshold = clause.thresholds.get(finding.signal, {}).get(finding.category)
        reached = None if threshold is None else threshold.reached(finding.score)
        if reached is not None:
            verdict, at = reached
            yield RuleFired(rule_id, finding.category, verdict, index, at, finding.category.value)


def judge_combinations(
    document: PolicyDocument, findings: Sequence[Finding], fired: Sequence[RuleFired]
) -> Iterator[RuleFired]:
    """The combinations all of whose parts fired, in order of their ids; a part may be another combination."""
    holding = names_of(fired, findings)
    for name, clause in sorted(document.combinations.items()):
        if _complete(clause, document.combinations, holding, findings, frozenset({name})):
            reason = clause.category.value
            yield RuleFired(COMBINATION + name, clause.category, clause.verdict, None, None, reason)


def _complete(
    clause: CombinationClause,
    combinations: Mapping[str, CombinationClause],
    holding: frozenset[str],
    findings: Sequence[Finding],
    seen: frozenset[str],
) -> bool:
    """Whether every part holds. Loading refuses cycles; in a document built by hand a cycle counts as not fired."""
    return (
        all(
            part in holding
            or _referred(part.removeprefix(COMBINATION), combinations, holding, findings, seen)
            for part in clause.all_of
        )
        and all(_reached(name, level, findings) for name, level in clause.scores.items())
        and bool(clause.all_of or clause.scores)
    )


def _reached(name: str, level: float, findings: Sequence[Finding]) -> bool:
    """Whether a finding of the signal, or of the signal's category, scores `level` or more."""
    signal, _, category = name.partition(":")
    return any(
        finding.signal == signal and finding.score >= level and category in {"", finding.category}
        for finding in findings
    )


def _referred(
    name: str,
    combinations: Mapping[str, CombinationClause],
    holding: frozenset[str],
    findings: Sequence[Finding],
    seen: frozenset[str],
) -> bool:
    clause = combinations.get(name)
    return (
        clause is not None
        and name not in seen
        and _complete(clause, combinations, holding, findings, seen | {name})
    )
