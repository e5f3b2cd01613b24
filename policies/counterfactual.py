"""What would have to be different for a milder verdict: the recorded findings are ruled on again without some of them.

No model runs. The changes named are enough together, and none of them can be left out: dropping any one from the list brings the
stricter verdict back. Circumstances (an account's age, the feed) are tried one at a time beside them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from policies.document import PolicyDocument
from policies.engine import flatten, rule
from policies.findings import SCORE_DECIMALS, CheckReport, CheckStatus
from policies.rulings import PolicyContext, Ruling
from policies.taxonomy import Verdict

_STEP = 10.0**-SCORE_DECIMALS


class ChangeKind(StrEnum):
    """What would have to be different."""

    ABSENT = "absent"
    BELOW = "below"
    JUDGED = "judged"
    CIRCUMSTANCE = "circumstance"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would have to be different.

    `absent`: finding number `finding` is not there. `below`: its score is under `threshold`. `judged`: the check `subject`
    looks and finds nothing. `circumstance`: the one named in `subject` does not hold. `rules` are those that fired on it.
    """

    kind: ChangeKind
    subject: str = ""
    finding: int | None = None
    threshold: float | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Milder:
    """How a recorded ruling would have come to `verdict`: all of `needed` together; or any one of `circumstances` alone.

    `liftable` is False where an absolute rule fired: the evidence would have to be other evidence, no person and no document
    can decide so.
    """

    verdict: Verdict
    needed: tuple[Change, ...]
    circumstances: tuple[Change, ...]
    liftable: bool


@dataclass(frozen=True, slots=True)
class _World:
    """The reports as they would be: findings gone or with lower scores, checks that judged after all."""

    absent: frozenset[int] = frozenset()
    scores: Mapping[int, float] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()


def milder(
    document: PolicyDocument, reports: Sequence[CheckReport], context: PolicyContext
) -> tuple[Milder, ...]:
    """For a block what would make it a review and what an allow, for a review what would make it an allow; empty for an allow,
    and without a verdict that nothing leads to (no check judged at all)."""
    ruling = rule(document, reports, context)
    targets = {Verdict.BLOCK: (Verdict.REVIEW, Verdict.ALLOW), Verdict.REVIEW: (Verdict.ALLOW,)}
    wanted = targets.get(ruling.verdict, ())
    found = [_toward(document, reports, context, ruling, verdict) for verdict in wanted]
    return tuple(one for one in found if one is not None)


def _toward(
    document: PolicyDocument,
    reports: Sequence[CheckReport],
    context: PolicyContext,
    ruling: Ruling,
    target: Verdict,
) -> Milder | None:
    world = _cleared(document, reports, context, target)
    if world is None:
        return None
    world = _least(document, reports, context, target, world)
    world = _lowered(document, reports, context, target, world)
    circumstances = tuple(
        Change(ChangeKind.CIRCUMSTANCE, name)
        for name, other in _other_circumstances(context)
        if rule(document, reports, other).verdict.rank <= target.rank
    )
    return Milder(target, _changes(ruling, world), circumstances, not ruling.absolute)


def _cleared(
    document: PolicyDocument, reports: Sequence[CheckReport], context: PolicyContext, target: Verdict
) -> _World | None:
    """A world in which the target holds, by taking away whatever stands against it; None if there is none."""
    world = _World()
    while True:
        ruling = _ruled(document, reports, context, world)
        if ruling.verdict.rank <= target.rank:
            return world
        against = [fired for fired in ruling.rules if fired.verdict.rank > target.rank]
        findings: set[int | None] = {fired.finding for fired in against if fired.finding is not None}
        checks = {
            report.check
            for report in reports
            if report.status in {CheckStatus.UNJUDGED, CheckStatus.SKIPPED} and _named(report, against)
        }
        together = any(
            fired.finding is None and fired.rule_id.startswith("combination:") for fired in against
        )
        if together and not findings:
            findings = {_strongest_left(reports, world)}
        new = _World(world.absent | {f for f in findings if f is not None}, judged=world.judged | checks)
        if new == world:
            return None
        world = new


def _named(report: CheckReport, against: Sequence[object]) -> bool:
    return any(
        getattr(fired, "subject", "").partition(":")[0] == report.check
        for fired in against
        if getattr(fired, "rule_id", "") in {"engine:unjudged", "engine:skipped"}
    )


def _strongest_left(reports: Sequence[CheckReport], world: _World) -> int | None:
    """A combination names no finding of its own: the strongest that is left goes, until it holds no more."""
    findings = flatten(reports)
    left = [index for index in range(len(findings)) if index not in world.absent]
    return max(left, key=lambda index: (findings[index].score, -index), default=None)


def _least(
    document: PolicyDocument,
    reports: Sequence[CheckReport],
    context: PolicyContext,
    target: Verdict,
    world: _World,
) -> _World:
    """Put back, one after the other, whatever need not be gone; the last findings first."""
    for index in sorted(world.absent, reverse=True):
        tried = replace(world, absent=world.absent - {index})
        if _ruled(document, reports, context, tried).verdict.rank <= target.rank:
            world = tried
    for check in sorted(world.judged, reverse=True):
        tried = replace(world, judged=world.judged - {check})
        if _ruled(document, reports, context, tried).verdict.rank <= target.rank:
            world = tried
    return world


def _lowered(
    document: PolicyDocument,
    reports: Sequence[CheckReport],
    context: PolicyContext,
    target: Verdict,
    world: _World,
) -> _World:
    """Where a lower score would do, by how much: under the highest threshold below which the target still holds."""
    levels = _levels(document)
    findings = flatten(reports)
    for index in sorted(world.absent):
        for level in (one for one in levels if one <= findings[index].score):
            tried = _World(world.absent - {index}, {**world.scores, index: level - _STEP}, world.judged)
            if level > _STEP and _ruled(document, reports, context, tried).verdict.rank <= target.rank:
                world = tried
                break
    return world


def _levels(document: PolicyDocument) -> tuple[float, ...]:
    """Every score that the document tells apart, highest first."""
    clauses = [one.thresholds for one in document.signals.values()]
    clauses += [one for context in document.contexts.values() for one in context.thresholds.values()]
    levels = {
        level for clause in clauses for limits in clause.values() for level in (limits.review, limits.block)
    }
    levels |= {level for one in document.combinations.values() for level in one.scores.values()}
    return tuple(sorted((level for level in levels if level is not None), reverse=True))


def _ruled(
    document: PolicyDocument, reports: Sequence[CheckReport], context: PolicyContext, world: _World
) -> Ruling:
    return rule(document, tuple(_reports(reports, world)), context)


def _reports(reports: Sequence[CheckReport], world: _World) -> Iterator[CheckReport]:
    number = 0
    for report in reports:
        kept = []
        for index, finding in enumerate(report.findings, number):
            if index not in world.absent:
                score = world.scores.get(index)
                kept.append(finding if score is None else replace(finding, score=score))
        number += len(report.findings)
        judged = report.check in world.judged
        status, cause = (CheckStatus.JUDGED, "") if judged else (report.status, report.cause)
        yield replace(report, findings=tuple(kept), status=status, cause=cause)


def _changes(ruling: Ruling, world: _World) -> tuple[Change, ...]:
    """In the order of the findings, then the checks by name."""
    changes = []
    for index in sorted({*world.absent, *world.scores}):
        rules = tuple(dict.fromkeys(one.rule_id for one in ruling.rules if one.finding == index))
        below = world.scores.get(index)
        kind = ChangeKind.ABSENT if below is None else ChangeKind.BELOW
        threshold = None if below is None else round(below + _STEP, SCORE_DECIMALS)
        changes.append(Change(kind, finding=index, threshold=threshold, rules=rules))
    return (*changes, *(Change(ChangeKind.JUDGED, check) for check in sorted(world.judged)))


def _other_circumstances(context: PolicyContext) -> Iterator[tuple[str, PolicyContext]]:
    """Each circumstance that makes rules stricter and holds, with the context in which it does not."""
    if not context.adult:
        yield "under_18", replace(context, adult=True)
    if context.feed:
        yield "feed", replace(context, feed=False)
    if context.real_person:
        yield "real_person", replace(context, real_person=False)
    if context.minor_present:
        yield "minor_present", replace(context, minor_present=False)
