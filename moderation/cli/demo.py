"""`safeconduct demo`: real requests through the real service, with progress, and a table of what became of them."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from moderation.cli.output import JsonOption, print_json
from moderation.demo.chaos import Chaos, no_chaos
from moderation.demo.run import Result, clear, run
from moderation.demo.scenarios import HANDLE, chosen
from moderation.demo.stage import embedded, scaled_out
from moderation.settings import read_settings

UNEXPECTED = 1
LOG_WIDTH = 160


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the released files go; default: out, with --kafka out/kafka. Clips of an earlier run are removed."
        ),
    ] = None,
    kafka: Annotated[
        bool,
        typer.Option("--kafka", help="On Kafka and PostgreSQL, each worker a process that is killed once."),
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Only the scenario of this name; repeat for several.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, max=60, help="Length of every clip, to be done sooner.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Start the service, ask for ten videos, some of which must not be made, and show what happened.

    Exit status 1 when anything went otherwise than it should.
    """
    scenarios = chosen(only or (), seconds)
    home = read_settings().home / "scaled-out" if kafka else read_settings().home
    out = out or (Path("out") / "kafka" if kafka else Path("out"))
    clear(out)
    console = Console(stderr=True)
    with (scaled_out if kafka else embedded)(home.resolve()) as stage, _bars(console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, state: str, progress: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=1.0, state=state)
            done = 1.0 if state in {"released", "refused"} else progress * 0.8
            bars.update(tasks[name], completed=done, state=state)

        results = run(stage, out, show, Chaos(stage, bars.console.print) if kafka else no_chaos, scenarios)
    print_json([_plain(result) for result in results]) if as_json else _table(
        results, AFTER_KAFKA if kafka else AFTER
    )
    if not all(result.as_expected for result in results):
        raise typer.Exit(UNEXPECTED)


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:26}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[state]:10}"),
        TimeElapsedColumn(),
        console=console,
    )


def _plain(result: Result) -> dict[str, object]:
    return {
        "id": result.generation_id,
        "verdict": result.verdicts.split(":")[-1],
        "name": result.scenario.name,
        "state": result.state,
        "expected": result.scenario.expected,
        "as_expected": result.as_expected,
        "decisions": result.verdicts,
        "why": result.why,
        "file": str(result.file) if result.file else None,
        "verify": result.answer,
    }


def _table(results: list[Result], hints: str) -> None:
    table = Table(
        "request",
        "became",
        "decisions",
        "what the user was told",
        "file",
        title="What happened",
        title_justify="left",
    )
    for result in results:
        mark = "" if result.as_expected else f" (expected {result.scenario.expected})"
        file = f"{result.file} ({result.answer})" if result.file else ""
        table.add_row(
            result.scenario.name, result.state + mark, result.verdicts.replace(" ", "\n"), result.why, file
        )
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    console.print(table)
    right = sum(result.as_expected for result in results)
    print(f"{right} of {len(results)} went as they should.")
    print(hints)


AFTER = f"""Verify a file:    .venv/bin/safeconduct verify out/*.mp4 --json
Read a decision:  .venv/bin/safeconduct explain GENERATION_ID
Take one back:    .venv/bin/safeconduct up &
                  RELEASE_URL=$(.venv/bin/safeconduct link @{HANDLE})
                  curl -f $RELEASE_URL -o clip.mp4
                  .venv/bin/safeconduct revoke @{HANDLE}
                  curl -f $RELEASE_URL    # refused: 410"""
AFTER_KAFKA = """The broker and the database were made for this run and are gone; its own service verified the files above.
To keep such a service running, see docs/operations.md."""
