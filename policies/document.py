"""A policy document: the rules as staff write them, in YAML, validated and frozen.

Loading explains everything that is wrong at once, each with file, line and a hint. The revision is the hash of what the
document says, so comments, the order of keys and the order of lists do not change it; every list is a set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from policies.canonical import canonical, revision_of
from policies.clauses import Clock, CombinationClause, ContextClause, ReasonClause, SignalClause
from policies.document_tests import DocumentTest
from policies.loading.build import (
    build_clocks,
    build_combinations,
    build_contexts,
    build_reasons,
    build_signals,
    build_unjudged,
)
from policies.loading.notices import Notice, notices_of
from policies.loading.problems import PolicyInvalid, Problem
from policies.loading.schema import schema_problems
from policies.loading.semantics import semantic_problems
from policies.loading.source import read_tree
from policies.loading.tests_section import build_tests
from policies.taxonomy import Verdict

SHIPPED = "default.yaml"
SCHEMA = "policy.schema.json"
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The rules of one revision.

    `revision` is `sha256:` and 12 hex digits of the canonical content. `unjudged` maps a cause of a check that could not
    judge to review or block. `notices` are not errors: what is switched off, what is not mentioned. `content` is the
    canonical JSON of what the document says; `parse_document` reads it again and gives the same revision.
    """

    name: str
    revision: str
    signals: Mapping[str, SignalClause]
    contexts: Mapping[str, ContextClause]
    combinations: Mapping[str, CombinationClause]
    unjudged: Mapping[str, Verdict]
    reasons: Mapping[str, ReasonClause]
    clocks: Mapping[str, Clock]
    notices: tuple[Notice, ...] = ()
    content: str = "{}"
    tests: Mapping[str, DocumentTest] = field(default_factory=dict)


def load_document(path: Path) -> PolicyDocument:
    """The document in the file. Raises `PolicyInvalid` with every problem, an unreadable file included."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PolicyInvalid((_unreadable(path, f"it is larger than {MAX_BYTES:,} bytes"),))
        text = path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise PolicyInvalid((_unreadable(path, problem.strerror or "it cannot be opened"),)) from problem
    except UnicodeDecodeError as problem:
        raise PolicyInvalid((_unreadable(path, f"byte {problem.start} is not UTF-8"),)) from problem
    return parse_document(text, name=path.name)


def _unreadable(path: Path, why: str) -> Problem:
    return Problem(
        "policy.unreadable", path.name, 1, f"the policy cannot be read: {why}", "give a YAML file in UTF-8"
    )


def parse_document(text: str, *, name: str) -> PolicyDocument:
    """The document in the text; `name` is what problems call the file. Raises `PolicyInvalid` with every problem."""
    tree = read_tree(text, name=name)
    problems = schema_problems(tree) or semantic_problems(tree)
    if problems:
        raise PolicyInvalid(problems)
    data, content = tree.data, tree.canonical_data()
    return PolicyDocument(
        name=str(data["name"]),
        revision=revision_of(content),
        signals=build_signals(data),
        contexts=build_contexts(data),
        combinations=build_combinations(data),
        unjudged=build_unjudged(data),
        reasons=build_reasons(data),
        clocks=build_clocks(data),
        notices=tuple(notices_of(tree)),
        content=canonical(content),
        tests=build_tests(data),
    )


def shipped_text() -> str:
    """The policy that ships with the service, as it is written: POLICY.md, machine-readable."""
    return (files("policies") / "catalogue" / SHIPPED).read_text(encoding="utf-8")


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of a document, as it is published."""
    return (files("policies") / "catalogue" / SCHEMA).read_text(encoding="utf-8")


def shipped_document() -> PolicyDocument:
    """The shipped policy, read."""
    return parse_document(shipped_text(), name=SHIPPED)
