"""docs/settings.md from `moderation.settings`."""

import typing
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from moderation.settings import Settings
from tests.docs.markdown import code, table

_BOUNDS = ((Ge, "ge", "≥"), (Gt, "gt", ">"), (Le, "le", "≤"), (Lt, "lt", "<"))


def variable(name: str) -> str:
    """The environment variable of a field."""
    return f"SAFECONDUCT_{name.upper()}"


def render_settings() -> str:
    """Variable, type with bounds, default, meaning."""
    rows = []
    for name, field in Settings.model_fields.items():
        allowed = [
            f"{sign} {getattr(bound, word):g}"
            for bound in field.metadata
            for kind, word, sign in _BOUNDS
            if isinstance(bound, kind)
        ]
        kind = ", ".join([_type(field.annotation), *allowed])
        rows.append((code(variable(name)), kind, _default(field.default), field.description or ""))
    return table(("variable", "type", "default", "meaning"), rows)


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(code(value) for value in get_args(annotation))
    if get_origin(annotation) in {UnionType, typing.Union}:
        return " or ".join(_type(part) for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is dict:
        return "JSON object"
    return {Path: "path", str: "text", int: "whole number", float: "number", bool: "true or false"}[
        annotation
    ]


def _default(value: object) -> str:
    if value is None or value == "":
        return "–"
    text = str(value)
    return code(text.replace(str(Path.home()), "~", 1) if isinstance(value, Path) else text)
