"""What changes between two policy documents, in sentences, with the direction: stricter, looser, or neither.

Compares what the documents say, not their text: order, comments and the way a number is written make no difference.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from policies.document import PolicyDocument
from policies.taxonomy import Verdict

Effect = Literal["stricter", "looser", "neutral"]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` leads to it; `before` and `after` are plain values, None where there was nothing."""

    path: Path
    before: Any
    after: Any
    effect: Effect

    def __str__(self) -> str:
        tail = "" if self.effect == "neutral" else f" ({self.effect})"
        if self.before is None:
            what = f"added: {_shown(self.after)}"
        elif self.after is None:
            what = f"removed: {_shown(self.before)}"
        else:
            what = f"{_shown(self.before)} -> {_shown(self.after)}"
        return f"{' / '.join(self.path)}: {what}{tail}"


def diff(before: PolicyDocument, after: PolicyDocument) -> tuple[Change, ...]:
    """Every difference, in order of path; a section that is empty and one that is left out are the same."""
    return tuple(_changes((), json.loads(before.content), json.loads(after.content)))


def _changes(path: Path, before: Any, after: Any) -> Iterator[Change]:
    if len(path) == 1 or path[:1] == ("signals",):
        before, after = _opened(before, after), _opened(after, before)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _changes((*path, key), before.get(key), after.get(key))
    elif before != after:
        yield Change(path, before, after, _effect(path, before, after))


def _opened(value: Any, beside: Any) -> Any:
    """A missing section or signal as an empty one, so that each rule in the other is a change of its own."""
    return {} if value is None and isinstance(beside, Mapping) else value


def _effect(path: Path, before: Any, after: Any) -> Effect:
    """Which way a change turns the policy, where that can be said of the one value."""
    last = path[-1]
    if "thresholds" in path and last in {"review", "block"}:
        return _direction(_off(before) - _off(after)) if _off(before) != _off(after) else "neutral"
    if last == "verdict" or path[0] == "unjudged":
        return _direction(_rank(after) - _rank(before))
    if path[0] in {"contexts", "combinations"}:
        return _of_clause(path, before, after)
    return "neutral"


def _direction(by: float) -> Effect:
    if by == 0:
        return "neutral"
    return "stricter" if by > 0 else "looser"


def _off(threshold: Any) -> float:
    """A threshold as a height: one that is off is never reached."""
    return float(threshold) if threshold else inf


def _rank(verdict: Any) -> int:
    """A verdict's strictness; what a document does not mention is a review."""
    return Verdict(verdict or Verdict.REVIEW).rank


def _of_clause(path: Path, before: Any, after: Any) -> Effect:
    """A rule more is stricter, and so is a list that names more; but a combination of more parts fires less often, and one that
    counts from a higher score does, too."""
    parts = path[0] == "combinations" and not {"all_of", "scores"}.isdisjoint(path[2:])
    if before is None or after is None:
        by = 1 if before is None else -1
    elif isinstance(before, list) and isinstance(after, list):
        by = (set(before) < set(after)) - (set(after) < set(before))
    elif "scores" in path[2:]:
        by = after - before
    else:
        by = 0
    return _direction(-by if parts else by)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
