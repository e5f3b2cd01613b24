"""Thresholds: their order, that a classifier answers for every category, and that nothing absolute is switched off."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.loading.problems import Problem, one_of
from policies.loading.source import Path, Tree
from policies.signals import ABSOLUTE_CATEGORIES, ABSOLUTE_CEILING, SIGNALS
from policies.taxonomy import Category

Levels = Mapping[str, Mapping[str, float]]


def threshold_problems(tree: Tree, path: Path, signal: str, levels: Levels) -> Iterator[Problem]:
    """Problems of one scored signal's thresholds."""
    if not SIGNALS[signal].scored or not levels:
        return
    for category, level in levels.items():
        at = (*path, category)
        yield from _foreign(tree, at, signal, category)
        yield from _order(tree, at, f"{signal} / {category}", level)
        yield from _absolute(tree, at, f"{signal} / {category}", category, level)
    for category in sorted(SIGNALS[signal].categories - {Category(name) for name in levels}):
        message = f"{signal} has no thresholds for {category.value!r}"
        yield tree.problem("missing_category", path, message, "add it; review: 0 and block: 0 switch it off")


def _foreign(tree: Tree, path: Path, signal: str, category: str) -> Iterator[Problem]:
    if Category(category) not in SIGNALS[signal].categories:
        known = (name.value for name in SIGNALS[signal].categories)
        message = f"{signal} says nothing about {category!r}"
        yield tree.problem("foreign_category", path, message, one_of(category, known, what="its categories"))


def _order(tree: Tree, path: Path, name: str, level: Mapping[str, float]) -> Iterator[Problem]:
    review, block = level.get("review", 0), level.get("block", 0)
    if review and block and review > block:
        message = f"{name}: review starts at {review}, above block at {block}"
        hint = "review comes first: lower review or raise block, or write review: 0 to go straight to block"
        yield tree.problem("threshold_order", (*path, "review"), message, hint)


def _absolute(
    tree: Tree, path: Path, name: str, category: str, level: Mapping[str, float]
) -> Iterator[Problem]:
    block = level.get("block", 0)
    if Category(category) not in ABSOLUTE_CATEGORIES or 0 < block <= ABSOLUTE_CEILING:
        return
    state = f"is {block}, above {ABSOLUTE_CEILING}" if block else "is switched off"
    message = f"{name}: the block threshold {state}, which weakens an absolute rule"
    hint = f"no policy may weaken it: write a threshold up to {ABSOLUTE_CEILING}"
    yield tree.problem("weakens_absolute", (*path, "block") if "block" in level else path, message, hint)


def context_threshold_problems(tree: Tree, path: Path, signal: str, levels: Levels) -> Iterator[Problem]:
    """Problems of the thresholds a context gives for one signal: they tighten what the signal has, or are pointless."""
    if signal not in SIGNALS or not SIGNALS[signal].scored:
        scored = (name for name, known in SIGNALS.items() if known.scored)
        message = f"{signal!r} is no scored signal"
        yield tree.problem("unknown_signal", path, message, one_of(signal, scored, what="the scored signals"))
        return
    base: Mapping[str, Any] = tree.data["signals"].get(signal, {}).get("thresholds", {})
    for category, level in levels.items():
        at = (*path, category)
        yield from _foreign(tree, at, signal, category)
        yield from _order(tree, at, f"{signal} / {category}", level)
        yield from _laxer(tree, at, f"{signal} / {category}", level, base.get(category, {}))


def _laxer(
    tree: Tree, path: Path, name: str, level: Mapping[str, float], base: Mapping[str, float]
) -> Iterator[Problem]:
    for verdict, value in level.items():
        if value == 0 or (base.get(verdict, 0) and value > base[verdict]):
            against = (
                f"{base[verdict]} without the context" if base.get(verdict) else "off without the context"
            )
            message = f"{name}: {verdict} at {value} is no stricter than {against}"
            hint = "a context only makes rules stricter: lower the threshold or remove it"
            yield tree.problem("context_weakens", (*path, verdict), message, hint)
