"""What a schema cannot say: that words refer to something, that rules make sense together, that nothing absolute is weakened.

Each problem refuses the document. What it may say, but its author should know, is a notice (notices.py).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.clauses import Circumstance
from policies.loading.names import circular, reference_problems, score_problems
from policies.loading.problems import Problem, one_of
from policies.loading.source import Path, Tree
from policies.loading.tests_section import test_problems
from policies.loading.thresholds import context_threshold_problems, threshold_problems
from policies.signals import SIGNALS
from policies.taxonomy import Category, Verdict

Clauses = Mapping[str, Mapping[str, Any]]


def semantic_problems(tree: Tree) -> tuple[Problem, ...]:
    """Problems of a tree that the schema has passed."""
    rules = (*_signals(tree), *_contexts(tree), *_combinations(tree))
    return (*rules, *_reasons(tree), *_clocks(tree), *test_problems(tree))


def _signals(tree: Tree) -> Iterator[Problem]:
    for name, clause in tree.data["signals"].items():
        path: Path = ("signals", name)
        if name not in SIGNALS:
            hint = one_of(name, SIGNALS, what="the signals")
            yield tree.problem("unknown_signal", path, f"{name!r} is no signal that any check gives", hint)
            continue
        yield from _form(tree, path, name, clause)
        yield from threshold_problems(tree, (*path, "thresholds"), name, clause.get("thresholds", {}))
        reason = clause.get("reason")
        if reason is not None and reason not in tree.data["reasons"]:
            hint = one_of(reason, tree.data["reasons"], what="the reasons")
            yield tree.problem(
                "unknown_reason", (*path, "reason"), f"the reason {reason!r} is not given", hint
            )


def _form(tree: Tree, path: Path, name: str, clause: Mapping[str, Any]) -> Iterator[Problem]:
    """A score has thresholds, a fact a verdict, and a fixed signal blocks."""
    signal = SIGNALS[name]
    if signal.scored and ("verdict" in clause or "thresholds" not in clause):
        message = f"{name} is a score and is judged by thresholds"
        yield tree.problem("signal_form", path, message, "give thresholds per category and no verdict")
    if not signal.scored and ("thresholds" in clause or "verdict" not in clause):
        message = f"{name} is a fact and is judged by one verdict"
        yield tree.problem("signal_form", path, message, "give a verdict and no thresholds")
    if signal.fixed and clause.get("verdict", Verdict.BLOCK) != Verdict.BLOCK:
        message = f"{name} always blocks; this document would make it {clause['verdict']}"
        hint = "absolute rules and revocations stand above every policy: write verdict: block"
        yield tree.problem("weakens_absolute", (*path, "verdict"), message, hint)


def _contexts(tree: Tree) -> Iterator[Problem]:
    circumstances = {name.value for name in Circumstance}
    for name, clause in tree.data.get("contexts", {}).items():
        path: Path = ("contexts", name)
        for index, condition in enumerate(clause["when_any"]):
            if condition not in circumstances | SIGNALS.keys():
                message = f"{condition!r} is no context and no signal"
                hint = one_of(condition, circumstances | SIGNALS.keys(), what="the contexts and signals")
                yield tree.problem("unknown_context", (*path, "when_any", index), message, hint)
        for signal, thresholds in clause.get("thresholds", {}).items():
            at: Path = (*path, "thresholds", signal)
            yield from context_threshold_problems(tree, at, signal, thresholds)


def _combinations(tree: Tree) -> Iterator[Problem]:
    combinations = tree.data.get("combinations", {})
    for name, clause in combinations.items():
        path: Path = ("combinations", name)
        yield from reference_problems(tree, path, clause.get("all_of", ()))
        yield from score_problems(tree, path, clause.get("scores", {}))
        if not clause.get("all_of") and not clause.get("scores"):
            message = f"combination {name} has no parts"
            yield tree.problem(
                "missing_key", path, message, "name its parts in all_of, in scores, or in both"
            )
        if clause["verdict"] == Verdict.ALLOW:
            message = f"combination {name} would allow, but rules only add strictness"
            yield tree.problem("combination_allows", (*path, "verdict"), message, "write review or block")
    for cycle in circular(combinations):
        message = f"combinations refer to each other in a circle: {' -> '.join((*cycle, cycle[0]))}"
        hint = "remove one of the references; none of these rules could ever be decided"
        yield tree.problem("cyclic_combination", ("combinations", cycle[0]), message, hint)


def _reasons(tree: Tree) -> Iterator[Problem]:
    reasons: Clauses = tree.data["reasons"]
    for needed in (*(category.value for category in Category), "unjudged"):
        if needed not in reasons:
            message = f"no reason is given for {needed!r}"
            yield tree.problem("missing_reason", ("reasons",), message, "every verdict is explained: add it")
    for name, clause in reasons.items():
        path: Path = ("reasons", name)
        if name == Category.MINORS and "hint" in clause:
            message = "the reason for minors gives a hint what would pass"
            yield tree.problem("weakens_absolute", (*path, "hint"), message, "remove it: never for minors")
        dsa = clause.get("dsa", {})
        if dsa.get("ground") == "DECISION_GROUND_ILLEGAL_CONTENT" and not dsa.get("legal_ground"):
            message = f"the reason {name} calls content illegal without saying by which law"
            yield tree.problem(
                "missing_legal_ground", (*path, "dsa"), message, "add legal_ground: the provision"
            )


def _clocks(tree: Tree) -> Iterator[Problem]:
    for name, clause in tree.data.get("clocks", {}).items():
        if clause.get("at_most", clause["at_least"]) < clause["at_least"]:
            message = f"clock {name} ends before it begins: at most {clause['at_most']}, at least {clause['at_least']}"
            yield tree.problem("clock_order", ("clocks", name, "at_most"), message, "swap the two figures")
