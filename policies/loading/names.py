"""References between rules: that each one names something which can fire, and that none leads back to itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.loading.problems import Problem, one_of
from policies.loading.source import Path, Tree
from policies.signals import SIGNALS

COMBINATION = "combination:"
CONTEXT = "context:"


def reference_problems(tree: Tree, path: Path, references: Sequence[str]) -> Iterator[Problem]:
    """The references of one combination that name nothing which can fire."""
    known = set(_referable(tree.data))
    for index, reference in enumerate(references):
        if reference not in known:
            message = f"{reference!r} is no rule that can fire"
            hint = one_of(reference, known, what="the rules")
            yield tree.problem("unknown_reference", (*path, "all_of", index), message, hint)


def score_problems(tree: Tree, path: Path, scores: Mapping[str, float]) -> Iterator[Problem]:
    """The scores of one combination that no finding can have."""
    known = {name for name in _referable(tree.data) if name.partition(":")[0] in SIGNALS}
    known = {name for name in known if SIGNALS[name.partition(":")[0]].scored}
    for name, level in scores.items():
        at: Path = (*path, "scores", name)
        if name not in known:
            hint = one_of(name, known, what="the scores")
            yield tree.problem("unknown_reference", at, f"{name!r} is no score that a check gives", hint)
        elif level == 0:
            message = f"{name} counts from 0, which every finding reaches"
            yield tree.problem("threshold_range", at, message, "write a score above 0, or leave the part out")


def _referable(data: Mapping[str, Any]) -> Iterator[str]:
    for name, clause in data["signals"].items():
        if name in SIGNALS:
            yield name
            yield from (f"{name}:{category}" for category in clause.get("thresholds", {}))
    yield from (CONTEXT + name for name in data.get("contexts", {}))
    yield from (COMBINATION + name for name in data.get("combinations", {}))


def circular(combinations: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Each circle of combinations once, starting at its first name in order."""
    edges = {
        name: sorted(
            ref.removeprefix(COMBINATION) for ref in clause.get("all_of", ()) if ref.startswith(COMBINATION)
        )
        for name, clause in combinations.items()
    }
    found: set[tuple[str, ...]] = set()
    for start in sorted(edges):
        cycle = _way_back(start, edges)
        if cycle is not None and min(cycle) == start:
            found.add(cycle)
    yield from sorted(found)


def _way_back(start: str, edges: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """The shortest way from a name back to itself, by breadth: linear in the references."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:
        for reference in edges.get(way[-1], ()):
            if reference == start:
                return way
            if reference not in seen:
                seen.add(reference)
                ways.append((*way, reference))
    return None
