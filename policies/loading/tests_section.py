"""The `tests` of a document: that each can be run, and its clause."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from policies.document_tests import DocumentTest, Evidence
from policies.loading.problems import Problem, one_of
from policies.loading.source import Path, Tree
from policies.rulings import PolicyContext
from policies.signals import SIGNALS
from policies.taxonomy import Category, Stage, Verdict

Data = Mapping[str, Any]
TEXT_CONTEXT = frozenset({"adult", "feed"})
"""What a test in words may say of its circumstances; the rest is found in the words, or is not there."""


def test_problems(tree: Tree) -> Iterator[Problem]:
    """What keeps a test from being run."""
    for name, clause in tree.data.get("tests", {}).items():
        path: Path = ("tests", name)
        if ("findings" in clause) == ("text" in clause):
            message = f"test {name} gives {'both findings and a text' if 'text' in clause else 'neither findings nor a text'}"
            yield tree.problem("test_form", path, message, "give one of them: findings, or a text")
        for index, found in enumerate(clause.get("findings", ())):
            yield from _finding(tree, (*path, "findings", index), found)
        for key in sorted(clause.get("context", {}).keys() - TEXT_CONTEXT) if "text" in clause else ():
            message = f"test {name} is in words, and says {key!r} of its context"
            hint = "a text is judged as a request: only adult and feed can be said of it"
            yield tree.problem("test_form", (*path, "context", key), message, hint)


def _finding(tree: Tree, path: Path, found: Data) -> Iterator[Problem]:
    signal = SIGNALS.get(found["signal"])
    if signal is None:
        hint = one_of(found["signal"], SIGNALS, what="the signals")
        message = f"{found['signal']!r} is no signal that any check gives"
        yield tree.problem("unknown_signal", (*path, "signal"), message, hint)
        return
    given = found.get("category")
    known = sorted(category.value for category in signal.categories)
    if given is None and len(known) > 1:
        message = f"a finding of {signal.name} is about one category, and none is given"
        yield tree.problem("missing_category", path, message, f"add category: one of {', '.join(known)}")
    elif given is not None and given not in known:
        message = f"{signal.name} says nothing about {given!r}"
        hint = one_of(given, known, what="its categories") if known else "remove the category"
        yield tree.problem("foreign_category", (*path, "category"), message, hint)


def build_tests(data: Data) -> Mapping[str, DocumentTest]:
    """`tests`."""
    return MappingProxyType({name: _test(name, clause) for name, clause in data.get("tests", {}).items()})


def _test(name: str, clause: Data) -> DocumentTest:
    return DocumentTest(
        name=name,
        context=_context(clause.get("context", {})),
        expect=Verdict(clause["expect"]),
        findings=tuple(_evidence(found) for found in clause.get("findings", ())),
        text=clause.get("text", ""),
        category=Category(clause["category"]) if "category" in clause else None,
        rule=clause.get("rule", ""),
        cause=clause.get("cause", ""),
    )


def _context(said: Data) -> PolicyContext:
    """What is not said is the mildest: an adult's request of nobody real, not for the feed."""
    return PolicyContext(
        stage=Stage(said.get("stage", Stage.REQUEST)),
        adult=said.get("adult", True),
        feed=said.get("feed", False),
        real_person=said.get("real_person", False),
        minor_present=said.get("minor_present", False),
    )


def _evidence(found: Data) -> Evidence:
    only = [category.value for category in SIGNALS[found["signal"]].categories]
    category = found.get("category") or (only[0] if len(only) == 1 else None)
    return Evidence(
        found["signal"], None if category is None else Category(category), found.get("score", 1.0)
    )
