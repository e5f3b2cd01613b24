"""Printing: one JSON document, one JSON line per item, or a table for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


def print_json(value: Any) -> None:
    """One line of JSON, keys in the order given, so that two runs can be compared byte by byte."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """Name and value, one per line."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        typer.echo(f"{name.ljust(width)}  {value}")
