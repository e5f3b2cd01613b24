"""Every stable code in the source, found by reading it: on error classes, and handed to whatever takes a `code`.

Nothing is imported or run, so a code that only a rare failure reaches is found as well.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("moderation", "consent", "provenance", "policies")
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Code:
    """A code, the class or function it belongs to, and what the source says of it. `remedy` may be empty."""

    code: str
    owner: str
    kind: str
    meaning: str
    remedy: str


@dataclass(slots=True)
class _Class:
    bases: tuple[str, ...]
    constants: dict[str, str]
    doc: str
    parameters: tuple[str, ...]


@dataclass(slots=True)
class _Source:
    trees: list[ast.Module] = field(default_factory=list)
    classes: dict[str, _Class] = field(default_factory=dict)
    functions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    prefixes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By function or class: the parameter it puts behind a fixed prefix to make a code, and that prefix."""

    def constant(self, name: str, wanted: str) -> str:
        """A class constant, inherited where the class does not set it."""
        known = self.classes.get(name)
        if known is None:
            return ""
        if wanted in known.constants:
            return known.constants[wanted]
        return next(filter(None, (self.constant(base, wanted) for base in known.bases)), "")

    def parameters(self, name: str) -> tuple[str, ...]:
        """What a function, or the constructor of a class, takes, in order."""
        if name in self.functions:
            return self.functions[name]
        known = self.classes.get(name)
        if known is None:
            return ()
        return known.parameters or next(filter(None, (self.parameters(base) for base in known.bases)), ())

    def is_error(self, name: str) -> bool:
        """Whether it is raised, rather than returned."""
        known = self.classes.get(name)
        if known is None:
            return name.endswith(("Error", "Exception"))
        return any(self.is_error(base) for base in known.bases)


@cache
def collect() -> tuple[Code, ...]:
    """All codes, sorted; a code that several places use comes once, with the first meaning and remedy found."""
    source = _read()
    best: dict[str, Code] = {}
    for found in (*_on_classes(source), *_handed_over(source), *_in_tables(source), *_of_policies()):
        known = best.get(found.code)
        if known is None:
            best[found.code] = found
        else:
            best[found.code] = Code(
                known.code,
                known.owner,
                known.kind or found.kind,
                known.meaning or found.meaning,
                known.remedy or found.remedy,
            )
    return tuple(best[code] for code in sorted(best))


@cache
def trees() -> Mapping[Path, ast.Module]:
    """Every module of the product, parsed."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _read() -> _Source:
    source = _Source()
    for tree in trees().values():
        source.trees.append(tree)
        for node in ast.walk(tree):
            _take_in(source, node)
    return source


def _take_in(source: _Source, node: ast.AST) -> None:
    if isinstance(node, ast.ClassDef):
        source.classes[node.name] = _class(node)
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                _remember_prefix(source, node.name, item)
    elif isinstance(node, ast.FunctionDef):
        source.functions.setdefault(node.name, _parameters(node))
        if node.name != "__init__":
            _remember_prefix(source, node.name, node)


def _remember_prefix(source: _Source, name: str, function: ast.FunctionDef) -> None:
    for found in _prefixes(function):
        source.prefixes[name] = found


def _prefixes(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Where a function makes a code of one of its parameters: `f"policy.{code}"`."""
    for node in ast.walk(function):
        match node:
            case (
                ast.Assign(targets=[ast.Attribute(attr="code")], value=ast.JoinedStr(values=parts))
                | ast.Call(func=ast.Name(id="Problem"), args=[ast.JoinedStr(values=parts), *_])
            ):
                match parts:
                    case [ast.Constant(value=str(prefix)), ast.FormattedValue(value=ast.Name(id=name))]:
                        yield name, prefix


def _class(node: ast.ClassDef) -> _Class:
    constants: dict[str, str] = {}
    annotated: list[str] = []
    init: tuple[str, ...] = ()
    for item in node.body:
        match item:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                constants[name] = _constant(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                annotated.append(name)
                if value is not None:
                    constants[name] = _constant(value)
            case ast.FunctionDef(name="__init__"):
                init = _parameters(item)
            case _:
                pass
    bases = tuple(base.id for base in node.bases if isinstance(base, ast.Name))
    return _Class(bases, constants, _first_sentence(ast.get_docstring(node) or ""), init or tuple(annotated))


def _parameters(node: ast.FunctionDef) -> tuple[str, ...]:
    names = [argument.arg for argument in node.args.args]
    return tuple(names[1:] if names[:1] == ["self"] else names)


def _on_classes(source: _Source) -> Iterator[Code]:
    remedies = _remedies(source)
    raised = {_name(call.func) for call in _calls(source)}
    parents = {base for known in source.classes.values() for base in known.bases}
    for name, known in source.classes.items():
        code = known.constants.get("code", "")
        only_a_base = name in parents and name not in raised
        if CODE.fullmatch(code) and not only_a_base:
            remedy = source.constant(name, "remedy_") or remedies.get(name, "")
            meaning = source.constant(name, "sentence_") or known.doc
            yield Code(code, name, _kind(source, name), meaning, remedy)


def _handed_over(source: _Source) -> Iterator[Code]:
    for call in _calls(source):
        name = _name(call.func)
        arguments = dict(zip(source.parameters(name), call.args, strict=False))
        arguments.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg})
        parameter, prefix = source.prefixes.get(name, ("code", ""))
        written = text_of(arguments.get(parameter))
        code = f"{prefix}{written}" if written else ""
        if CODE.fullmatch(code):
            said = next(filter(None, (text_of(arguments.get(word)) for word in _SAYING)), "")
            sentence, remedy = _split(said)
            yield Code(code, name, _kind(source, name), sentence, _remedy_of(arguments) or remedy)


def _in_tables(source: _Source) -> Iterator[Code]:
    """What the HTTP surface answers for errors that are not ours: status to (code, remedy)."""
    for tree in source.trees:
        for node in ast.walk(tree):
            match node:
                case ast.AnnAssign(
                    target=ast.Name(id="HTTP_REMEDIES"), value=ast.Dict(keys=keys, values=values)
                ):
                    for key, value in zip(keys, values, strict=True):
                        if (
                            isinstance(key, ast.Constant)
                            and isinstance(key.value, int)
                            and isinstance(value, ast.Tuple)
                        ):
                            code, remedy = (text_of(element) for element in value.elts)
                            yield Code(code, "http", "", HTTPStatus(key.value).phrase, remedy)


def _of_policies() -> Iterator[Code]:
    """What the reader of policies says without naming it in a call: (code, message, hint) tuples, and `_refuse`."""
    for path, tree in trees().items():
        for node in ast.walk(tree) if path.parent.name == "loading" else ():
            match node:
                case (
                    ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(word)), message, hint]))
                    | ast.Tuple(elts=[ast.Constant(value=str(word)), ast.Constant() as message, hint])
                    | ast.Call(
                        func=ast.Attribute(attr="_refuse"),
                        args=[_, ast.Constant(value=str(word)), message, hint],
                    )
                ) if re.fullmatch(r"[a-z_]+", word):
                    yield Code(f"policy.{word}", "problem", "", text_of(message), text_of(hint))


def _remedy_of(arguments: Mapping[str, ast.expr]) -> str:
    return text_of(arguments.get("remedy")) or text_of(arguments.get("hint"))


_SAYING = ("text", "sentence", "message", "detail")


def _remedies(source: _Source) -> dict[str, str]:
    """The remedy that each error class is raised with: the keyword, or what follows the semicolon of its sentence."""
    found: dict[str, str] = {}
    for call in _calls(source):
        name = _name(call.func)
        remedy = next((text_of(word.value) for word in call.keywords if word.arg == "remedy"), "")
        if not remedy:
            remedy = next(filter(None, (_split(text_of(argument))[1] for argument in call.args)), "")
        if remedy:
            found.setdefault(name, remedy)
    return found


def _calls(source: _Source) -> Iterator[ast.Call]:
    return (node for tree in source.trees for node in ast.walk(tree) if isinstance(node, ast.Call))


def _kind(source: _Source, name: str) -> str:
    return source.constant(name, "kind") if source.is_error(name) else ""


def _name(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""


def text_of(node: ast.expr | None) -> str:
    """The text of a string, its placeholders as `…`; empty where it is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(text_of(part) if isinstance(part, ast.Constant) else "…" for part in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return text_of(left) + text_of(right)
    return ""


def _constant(node: ast.expr | None) -> str:
    match node:
        case ast.Attribute(value=ast.Name(id="Kind"), attr=name):
            return name.lower()
    return text_of(node)


def _split(sentence: str) -> tuple[str, str]:
    what, semicolon, remedy = sentence.rpartition("; ")
    return (what, remedy) if semicolon else (sentence, "")


def _first_sentence(doc: str) -> str:
    paragraph = " ".join(doc.split("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", paragraph)[0]
