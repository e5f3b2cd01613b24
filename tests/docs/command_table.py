"""docs/cli.md from the signatures of the commands themselves."""

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import typer
from typer.models import ArgumentInfo, OptionInfo

from moderation.cli.menu import whole
from tests.docs.markdown import code, table

ROOT_NAME = "safeconduct"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument (`FILE`) or an option (`--json`). `takes` is empty for a flag."""

    name: str
    is_option: bool
    takes: str
    many: bool
    required: bool
    default: str
    help: str

    @property
    def usage(self) -> str:
        """As in a usage line."""
        word = (
            f"{self.name} {self.takes}".strip() if self.is_option else self.name + (" …" if self.many else "")
        )
        return word if self.required else f"[{word}]"


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its full name."""

    name: str
    help: str
    parameters: tuple[Parameter, ...]


def commands() -> Iterator[Command]:
    """Every command, as `safeconduct --help` orders them."""
    yield from _walk(ROOT_NAME, whole())


def render_commands() -> str:
    """A section per command: what it does, its arguments and options."""
    return "\n\n".join(_section(command) for command in commands())


def _walk(name: str, group: typer.Typer) -> Iterator[Command]:
    for info in group.registered_commands:
        callback = info.callback
        assert callback is not None
        full = f"{name} {info.name or callback.__name__}"
        yield Command(full, inspect.getdoc(callback) or "", tuple(_parameters(callback)))
    for child in group.registered_groups:
        assert child.typer_instance is not None
        yield from _walk(f"{name} {child.name}", child.typer_instance)


def _parameters(callback: Callable[..., Any]) -> Iterator[Parameter]:
    hints = typing.get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, *extras = get_args(hints[name])
        info = next(extra for extra in extras if isinstance(extra, ArgumentInfo | OptionInfo))
        yield _parameter(name, kind, info, parameter.default)


def _parameter(name: str, kind: Any, info: ArgumentInfo | OptionInfo, default: object) -> Parameter:
    is_option = isinstance(info, OptionInfo)
    # In `Annotated[..., typer.Option("--json")]` the first declaration lands where a default would stand.
    first = (info.default,) if isinstance(info.default, str) and info.default.startswith("-") else ()
    declared = ", ".join((*first, *(info.param_decls or ()))) or f"--{name.replace('_', '-')}"
    shown = declared if is_option else (info.metavar or name).upper()
    kind, many = _plain(kind)
    required = default is inspect.Parameter.empty
    return Parameter(
        name=shown,
        is_option=is_option,
        takes="" if kind is bool else _takes(kind),
        many=many,
        required=required,
        default="" if required or default in (None, False) else str(getattr(default, "value", default)),
        help=info.help or "",
    )


def _plain(kind: Any) -> tuple[Any, bool]:
    """The type of one value, and whether several may be given."""
    if get_origin(kind) in {UnionType, typing.Union}:
        kind = next(part for part in get_args(kind) if part is not NoneType)
    return (get_args(kind)[0], True) if get_origin(kind) is list else (kind, False)


def _takes(kind: Any) -> str:
    if issubclass(kind, Enum):
        return "|".join(str(member.value) for member in kind)
    return {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "Path": "PATH"}[kind.__name__]


def _section(command: Command) -> str:
    usage = " ".join([command.name, *(one.usage for one in command.parameters)])
    rows = [
        (code(one.name), code(one.takes), "required" if one.required else code(one.default), one.help)
        for one in command.parameters
    ]
    parameters = f"\n\n{table(('parameter', 'takes', 'default', 'meaning'), rows)}" if rows else ""
    return f"### `{command.name}`\n\n{' '.join(command.help.split())}\n\n    {usage}{parameters}"
