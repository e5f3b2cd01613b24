"""Reports, contexts and rulings as plain JSON and back: what a decision's body is made of, and what a replay reads.

Reading what was written gives an equal value; writing it again gives the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from policies.canonical import Plain
from policies.findings import (
    AudioInterval,
    CheckReport,
    CheckStatus,
    Finding,
    FrameBox,
    TextSpan,
    Where,
    WholeField,
)
from policies.rulings import PolicyContext, RuleFired, Ruling
from policies.taxonomy import Category, Stage, Verdict

Record = Mapping[str, Any]
T = TypeVar("T")


class RecordUnreadable(ValueError):
    """A recorded report, context or ruling lacks a field or holds a value this program does not know."""

    code = "record.unreadable"

    def __init__(self, what: str, problem: Exception) -> None:
        cause = f"field {problem} is missing" if isinstance(problem, KeyError) else str(problem)
        super().__init__(
            f"the recorded {what} cannot be read: {cause}. It was written by another version or altered; "
            "replay it with the version named in its decision."
        )


def where_to_plain(where: Where) -> Plain:
    """A place, tagged by `kind`."""
    match where:
        case TextSpan():
            return {"kind": "text", "field": where.field, "start": where.start, "end": where.end}
        case FrameBox():
            box = [where.left, where.top, where.right, where.bottom]
            return {"kind": "frame", "asset": where.asset, "time_s": where.time_s, "box": box}
        case AudioInterval():
            return {"kind": "audio", "asset": where.asset, "start_s": where.start_s, "end_s": where.end_s}
        case WholeField():
            return {"kind": "field", "field": where.field}


_PLACES: Mapping[str, Callable[[Record], Where]] = MappingProxyType(
    {
        "text": lambda data: TextSpan(str(data["field"]), int(data["start"]), int(data["end"])),
        "frame": lambda data: FrameBox(
            str(data["asset"]), float(data["time_s"]), *(float(edge) for edge in data["box"])
        ),
        "audio": lambda data: AudioInterval(str(data["asset"]), float(data["start_s"]), float(data["end_s"])),
        "field": lambda data: WholeField(str(data["field"])),
    }
)


def _category(value: str | None) -> Category | None:
    return None if value is None else Category(value)


def finding_to_plain(finding: Finding) -> Plain:
    """One finding."""
    return {
        "category": None if finding.category is None else finding.category.value,
        "signal": finding.signal,
        "score": finding.score,
        "where": where_to_plain(finding.where),
        "check": finding.check,
        "revision": finding.revision,
        "matched": finding.matched,
    }


def _finding(data: Record) -> Finding:
    return Finding(
        category=_category(data["category"]),
        signal=data["signal"],
        score=float(data["score"]),
        where=_PLACES[data["where"]["kind"]](data["where"]),
        check=data["check"],
        revision=data["revision"],
        matched=data["matched"],
    )


def reports_to_plain(reports: Sequence[CheckReport]) -> Plain:
    """The reports of one judgement, in their order."""
    return [
        {
            "check": report.check,
            "tier": report.tier,
            "status": report.status.value,
            "revision": report.revision,
            "cause": report.cause,
            "findings": [finding_to_plain(finding) for finding in report.findings],
        }
        for report in reports
    ]


def _report(data: Record) -> CheckReport:
    return CheckReport(
        check=data["check"],
        tier=int(data["tier"]),
        status=CheckStatus(data["status"]),
        revision=data["revision"],
        findings=tuple(_finding(finding) for finding in data["findings"]),
        cause=data["cause"],
    )


def reports_from_plain(data: Sequence[Record]) -> tuple[CheckReport, ...]:
    """The reports that were written. Raises `RecordUnreadable`."""
    return _reading("reports", lambda: tuple(_report(report) for report in data))


def context_to_plain(context: PolicyContext) -> Plain:
    """The circumstances of a judgement."""
    return {
        "stage": context.stage.value,
        "adult": context.adult,
        "feed": context.feed,
        "real_person": context.real_person,
        "minor_present": context.minor_present,
    }


def context_from_plain(data: Record) -> PolicyContext:
    """The context that was written. Raises `RecordUnreadable`."""
    names = ("adult", "feed", "real_person", "minor_present")
    return _reading(
        "context", lambda: PolicyContext(Stage(data["stage"]), *(_flag(data[name]) for name in names))
    )


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def ruling_to_plain(ruling: Ruling) -> Plain:
    """A ruling, with `categories` (all that apply) and `absolute` spelled out for readers."""
    return {
        "verdict": ruling.verdict.value,
        "category": None if ruling.category is None else ruling.category.value,
        "categories": [category.value for category in ruling.categories],
        "absolute": ruling.absolute,
        "policy": ruling.policy,
        "rules": [_rule_to_plain(fired) for fired in ruling.rules],
        "unjudged": list(ruling.unjudged),
        "uncovered": list(ruling.uncovered),
        "skipped": list(ruling.skipped),
    }


def _rule_to_plain(fired: RuleFired) -> Plain:
    return {
        "rule_id": fired.rule_id,
        "category": None if fired.category is None else fired.category.value,
        "verdict": fired.verdict.value,
        "finding": fired.finding,
        "threshold": fired.threshold,
        "reason": fired.reason,
        "absolute": fired.absolute,
        "subject": fired.subject,
    }


def _rule(data: Record) -> RuleFired:
    threshold = data["threshold"]
    return RuleFired(
        rule_id=data["rule_id"],
        category=_category(data["category"]),
        verdict=Verdict(data["verdict"]),
        finding=data["finding"],
        threshold=None if threshold is None else float(threshold),
        reason=data["reason"],
        absolute=_flag(data["absolute"]),
        subject=data["subject"],
    )


def ruling_from_plain(data: Record) -> Ruling:
    """The ruling that was written. Raises `RecordUnreadable`."""
    return _reading("ruling", lambda: _ruling(data))


def _ruling(data: Record) -> Ruling:
    return Ruling(
        verdict=Verdict(data["verdict"]),
        category=_category(data["category"]),
        policy=data["policy"],
        rules=tuple(_rule(fired) for fired in data["rules"]),
        unjudged=tuple(data["unjudged"]),
        uncovered=tuple(data["uncovered"]),
        skipped=tuple(data["skipped"]),
    )


def _reading(what: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (KeyError, TypeError, ValueError) as problem:
        raise RecordUnreadable(what, problem) from problem
