"""`safeconduct coverage`: what the active profile looks at, with which models, and what nobody looks at."""

from collections.abc import Iterable
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from moderation.cli.output import JsonOption, print_json
from moderation.cli.session import application
from moderation.coverage import CoverageRow


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("coverage")(coverage_command)


def coverage_command(as_json: JsonOption = False) -> None:
    """What is looked at, by which check and model, and what is not. Exit status 1 when a model is missing."""
    with application() as parts:
        rows = parts.coverage()
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        _show(rows)
    raise typer.Exit(1 if any(row.status == "missing" for row in rows) else 0)


def _show(rows: Iterable[CoverageRow]) -> None:
    looked = Table("check", "stage", "medium", "categories", "status", "models", title="Looked at")
    slots = Table(
        "aspect", "medium", "category", "what is not looked at", "would be filled by", title="Not covered"
    )
    for row in rows:
        categories = ", ".join(row.categories)
        if row.status == "uncovered":
            slots.add_row(row.aspect, row.medium, categories, row.about, row.fill_with)
        else:
            looked.add_row(row.aspect, row.stage, row.medium, categories, row.status, "\n".join(row.models))
    console = Console()
    console.print(looked)
    console.print(slots)
