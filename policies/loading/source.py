"""YAML as plain data that remembers where each value stood.

Stricter than YAML itself: no duplicate keys (the last one would win in silence), no aliases (a short file could expand
without end), no tags, text keys, finite numbers.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

from policies.canonical import Plain
from policies.loading.problems import PolicyInvalid, Problem

Path = tuple[str | int, ...]
MAX_DEPTH = 20
LARGEST = 2**53  # RFC 8785 section 3.2.2.3: integers beyond it have no canonical form


@dataclass(frozen=True)
class Tree:
    """Validated-as-YAML data: `data` is the top mapping, `lines` the 1-based line of the value at each path."""

    file: str
    data: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of the value at the path, or of the nearest thing that contains it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, code: str, path: Path, message: str, hint: str) -> Problem:
        """A problem with the value at the path."""
        return Problem(f"policy.{code}", self.file, self.line(path), message, hint)

    def canonical_data(self) -> Plain:
        """The data with every list sorted: lists in a policy document are sets."""
        return _sorted_lists(self.data)


def _sorted_lists(value: Any) -> Plain:
    if isinstance(value, dict):
        return {key: _sorted_lists(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_sorted_lists(inner) for inner in value), key=_by_json)
    plain: Plain = value
    return plain


def _by_json(value: Plain) -> str:
    """Total: `null` and the word "None" are written alike by `str`, and would keep the order they came in."""
    return json.dumps(value, sort_keys=True)


def read_tree(text: str, *, name: str) -> Tree:
    """The one YAML document in the text. Raises `PolicyInvalid` with all that is wrong with it as YAML."""
    root = _compose(text, name)
    reader = _Reader(name)
    data = None if root is None else reader.read(root, ())
    if reader.problems:
        raise PolicyInvalid(reader.problems)
    if not isinstance(data, dict):
        hint = "start from the shipped policy, policies/catalogue/default.yaml"
        raise PolicyInvalid(
            (Problem("policy.syntax", name, 1, "the policy is empty or not a mapping", hint),)
        )
    return Tree(name, data, reader.lines)


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as problem:
        raise PolicyInvalid((_syntax(name, problem),)) from problem
    except (yaml.YAMLError, RecursionError) as problem:
        what = "it holds a character that YAML does not allow, or is nested too deep"
        raise PolicyInvalid((Problem("policy.syntax", name, 1, what, "save it as plain text"),)) from problem


def _syntax(name: str, problem: yaml.MarkedYAMLError) -> Problem:
    mark = problem.problem_mark or problem.context_mark
    line = 1 if mark is None else mark.line + 1
    if isinstance(problem, yaml.composer.ComposerError) and "alias" in str(problem.problem):
        return Problem("policy.alias", name, line, *_ALIAS)
    message = f"this is not valid YAML: {problem.problem or problem.context}"
    return Problem(
        "policy.syntax",
        name,
        line,
        message,
        "check the indentation here; text that holds a colon needs quotes",
    )


_ALIAS = ("an alias (*name) is not allowed here", "write the value out where it is used")


class _PlainLoader(yaml.SafeLoader):
    """Refuses aliases while composing, before anything can expand."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in types-PyYAML
            raise yaml.composer.ComposerError(None, None, "alias", event.start_mark)
        return super().compose_node(parent, index)


# YAML 1.1 takes 1e-5 for text; YAML 1.2 and canonical JSON mean a number.
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, path: Path) -> Any:
        self.lines[path] = node.start_mark.line + 1
        if len(path) > MAX_DEPTH:
            return self._refuse(node, "syntax", f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(inner, (*path, index)) for index, inner in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        first: dict[str, int] = {}
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in first:
                message = f"{key!r} is given twice; the first is on line {first[key]}"
                self._refuse(key_node, "duplicate_key", message, "keep one of them")
                continue
            first[key] = line
            data[key] = self.read(value_node, (*path, key))
            self.lines[(*path, key)] = line
        return data

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            value = node
        if isinstance(value, int | float) and not abs(value) < LARGEST:
            message = f"{node.value} is not a number a policy can hold"
            return self._refuse(node, "not_a_number", message, "write a number such as 0.5")
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        hint = "put it in quotes if it is meant as text"
        return self._refuse(node, "not_plain", f"{node.value} is neither text nor a number nor a list", hint)

    def _refuse(self, node: yaml.Node, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(f"policy.{code}", self.file, node.start_mark.line + 1, message, hint))
