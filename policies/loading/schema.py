"""The JSON Schema of a policy document, and its errors in words a policy author can act on."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from types import MappingProxyType
from typing import Any

import jsonschema

from policies.loading.problems import Problem, one_of
from policies.loading.source import Path, Tree
from policies.taxonomy import Category

Explained = tuple[str, str, str]  # code, message, hint


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One error of the schema: `wanted` is the value of the failed `keyword`, `found` the document's."""

    path: Path
    keyword: str
    wanted: Any
    found: Any

    @property
    def place(self) -> str:
        return named(self.path)


@cache
def _validator() -> jsonschema.Draft202012Validator:
    text = (files("policies") / "catalogue" / "policy.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def schema_problems(tree: Tree) -> tuple[Problem, ...]:
    """Everything in the tree that the schema refuses."""
    return tuple(chain.from_iterable(_problems(tree, error) for error in _validator().iter_errors(tree.data)))


def named(path: Path) -> str:
    """The path as a policy author would say it: `signals / text.classifier / thresholds`."""
    return " / ".join(str(part) for part in path) or "the document"


def _problems(tree: Tree, error: jsonschema.ValidationError) -> Iterator[Problem]:
    """One problem per unknown key; otherwise one per error, by the schema keyword that failed."""
    path: Path = tuple(error.absolute_path)
    schema: Any = error.schema
    found: Any = error.instance
    if error.validator == "additionalProperties":
        yield from _unknown_keys(tree, path, found, schema["properties"])
        return
    refusal = _Refusal(path, str(error.validator), error.validator_value, found)
    at: Path = (*path, str(found)) if "propertyNames" in error.absolute_schema_path else path
    code, message, hint = _explain(refusal)
    yield tree.problem(code, at, message, hint)


def _unknown_keys(tree: Tree, path: Path, found: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    for key in sorted(set(found) - set(known)):
        hint = one_of(key, known, what="the keys here")
        yield tree.problem("unknown_key", (*path, key), f"{key!r} is no key of {named(path)}", hint)


def _explain(refusal: _Refusal) -> Explained:
    if refusal.keyword in _FIXED:
        code, message, hint = _FIXED[refusal.keyword]
        return code, f"{refusal.place} {message}", hint
    return _BY_KEYWORD.get(refusal.keyword, _anything)(refusal)


def _enum(refusal: _Refusal) -> Explained:
    words = [str(word) for word in refusal.wanted]
    if set(words) == set(Category):
        message = f"{refusal.found!r} is no category of the policy (in {refusal.place})"
        return "unknown_category", message, one_of(str(refusal.found), words, what="the categories")
    message = f"{refusal.place} is {_shown(refusal.found)}, which is not one of its values"
    return "not_a_choice", message, one_of(str(refusal.found), words, what="the values")


def _range(refusal: _Refusal) -> Explained:
    if refusal.path and refusal.path[-1] in {"review", "block"}:
        message = f"the threshold {refusal.place} is {refusal.found}, outside [0, 1]"
        return "threshold_range", message, "a score lies in [0, 1]; write 0 to switch the threshold off"
    return "range", f"{refusal.place} is {refusal.found}, which is too small", "write 1 or more"


def _required(refusal: _Refusal) -> Explained:
    missing = sorted(set(refusal.wanted) - set(refusal.found))
    names = " and ".join(repr(key) for key in missing)
    return "missing_key", f"{refusal.place} lacks {names}", "add it; the shipped policy shows the form"


def _type(refusal: _Refusal) -> Explained:
    message = f"{refusal.place} is {_shown(refusal.found)}, not {_TYPES.get(refusal.wanted, 'of its type')}"
    if isinstance(refusal.found, bool):
        return "wrong_type", message, "YAML reads on, off, yes and no as true or false; write 0 for off"
    return "wrong_type", message, "correct the value or its indentation"


def _format(refusal: _Refusal) -> Explained:
    message = f"{refusal.place} is {_shown(refusal.found)}; this program reads format 1"
    return "format", message, "write format: 1"


def _pattern(refusal: _Refusal) -> Explained:
    message = f"{_shown(refusal.found)} is no name (in {refusal.place})"
    return "bad_name", message, f"names match {refusal.wanted}"


def _anything(refusal: _Refusal) -> Explained:
    message = f"{refusal.place} breaks the rule {refusal.keyword}: {refusal.wanted}"
    return "schema", message, "the shipped policy shows the form"


def _shown(value: Any) -> str:
    """A short form of a value for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = "empty" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_TYPES = MappingProxyType(
    {
        "object": "a mapping",
        "array": "a list",
        "string": "text",
        "number": "a number",
        "boolean": "true or false",
        "integer": "a whole number",
    }
)
_EMPTY = ("empty", "is empty", "fill it in or remove it")
_FIXED = MappingProxyType(
    {
        "uniqueItems": ("repeated", "names something twice", "every list is a set: keep one of each"),
        "minProperties": _EMPTY,
        "minItems": _EMPTY,
        "minLength": _EMPTY,
    }
)
_BY_KEYWORD: MappingProxyType[str, Callable[[_Refusal], Explained]] = MappingProxyType(
    {
        "enum": _enum,
        "minimum": _range,
        "maximum": _range,
        "required": _required,
        "type": _type,
        "const": _format,
        "pattern": _pattern,
    }
)
