"""What would have to be different, in words for staff and as JSON."""

from typing import Any

from moderation.gate.recorded import Recorded
from policies.counterfactual import Change, ChangeKind

_CIRCUMSTANCES = {
    "under_18": "the account belonged to somebody of age",
    "feed": "it were not for the public feed",
    "real_person": "no real person's likeness were asked for",
    "minor_present": "nobody under 18 were shown or spoken of",
}


def change_to_plain(change: Change, recorded: Recorded) -> dict[str, Any]:
    """`finding` counts as in `findings`, from 0; `score` and `threshold` are null where they say nothing."""
    finding = None if change.finding is None else recorded.findings[change.finding]
    return {
        "kind": change.kind.value,
        "finding": change.finding,
        "signal": finding.signal if finding else None,
        "category": finding.category.value if finding and finding.category else None,
        "score": finding.score if finding else None,
        "threshold": change.threshold,
        "subject": change.subject or None,
        "rules": list(change.rules),
        "words": in_words(change, recorded),
    }


def in_words(change: Change, recorded: Recorded) -> str:
    """One clause that goes on after "if": `text.classifier for violence scored under 0.75 (it scored 0.97)`."""
    if change.kind is ChangeKind.CIRCUMSTANCE:
        return _CIRCUMSTANCES[change.subject]
    if change.kind is ChangeKind.JUDGED:
        cause = next((one.cause for one in recorded.reports if one.check == change.subject), "")
        return f"{change.subject} had judged and found nothing{f' ({cause})' if cause else ''}"
    assert change.finding is not None
    finding = recorded.findings[change.finding]
    about = f" for {finding.category.value.replace('_', ' ')}" if finding.category else ""
    if change.threshold is None:
        matched = f", {finding.matched}," if finding.matched else ""
        return f"{finding.signal}{about}{matched} were not found"
    return f"{finding.signal}{about} scored under {change.threshold} (it scored {finding.score})"
