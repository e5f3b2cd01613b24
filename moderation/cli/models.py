"""`safeconduct models`: fetch the model files once, say what they are and on what terms, check them without a network."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from moderation.model_registry.entries import ModelEntry, shipped_registry
from moderation.model_registry.errors import ModelError
from moderation.model_registry.fetch import Fetched, fetch
from moderation.model_registry.files import ModelFiles, overrides_from
from moderation.model_registry.profile import coverage
from moderation.model_registry.verify import FileState, verify
from moderation.settings import read_settings

app = typer.Typer(
    no_args_is_help=True, help="The model files: where they come from, and whether they are here."
)

FolderOption = Annotated[
    Path | None, typer.Option("--dir", help="Folder of the model files; default: SAFECONDUCT_MODELS_DIR.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("fetch")
def fetch_command(
    entries: Annotated[
        list[str] | None, typer.Argument(help="Entries to fetch; default: all that judge.")
    ] = None,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Download what is missing, check it against the pinned sha256, and put it in place. Safe to interrupt and repeat."""
    try:
        files = _files(folder)
        wanted = [files.registry.entry(name) for name in entries] if entries else list(files.registry.judging)
        wanted = [entry for entry in wanted if entry.name not in files.overrides]
        done = _fetch_with_bar(wanted, files.folder)
    except ModelError as error:
        raise _fail(error, as_json) from error
    if as_json:
        typer.echo(json.dumps({"folder": str(files.folder), "entries": [asdict(one) for one in done]}))
        return
    fresh = sum(not one.already for one in done)
    typer.echo(f"{len(done)} entries verified in {files.folder} ({fresh} fetched now)")


@app.command("list")
def list_command(folder: FolderOption = None, as_json: JsonOption = False) -> None:
    """Every model with its origin and licences, then the aspects no model of this profile covers."""
    try:
        files = _files(folder)
    except ModelError as error:
        raise _fail(error, as_json) from error
    rows = coverage(files)
    if as_json:
        typer.echo(
            json.dumps(
                {"models": [_row(e) for e in files.registry.models], "coverage": [asdict(r) for r in rows]}
            )
        )
        return
    console = Console()
    models = Table(title="Models")
    models.add_column("entry", no_wrap=True)
    for heading in ("job", "package", "MB", "weights' licence", "commercial use"):
        models.add_column(heading, overflow="fold")
    for entry in files.registry.models:
        size = f"{sum(file.bytes for file in entry.files) / 1e6:.1f}"
        package = str(files.overrides.get(entry.name, f"{entry.registry}: {entry.package} {entry.version}"))
        models.add_row(entry.name, entry.job, package, size, entry.licence_weights, entry.commercial_use)
    console.print(models)
    slots = Table(
        "aspect", "what is not looked at", "would be filled by", title="Not covered by this profile"
    )
    for row in rows:
        if row.status == "uncovered":
            slots.add_row(row.aspect, row.about, row.by)
    console.print(slots)


@app.command("verify")
def verify_command(
    offline: Annotated[
        bool,
        typer.Option(
            "--offline", help="Promise no network. Verifying never uses one; the flag is for scripts."
        ),
    ] = False,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hash every file. Exit status 1 when one is missing or damaged."""
    try:
        files = _files(folder)
    except ModelError as error:
        raise _fail(error, as_json) from error
    reports = verify(files.registry.judging, files.folder, files.overrides)
    good = all(report.state in (FileState.VERIFIED, FileState.OVERRIDDEN) for report in reports)
    if as_json:
        body = [{"entry": one.entry, "path": str(one.path), "state": one.state} for one in reports]
        typer.echo(json.dumps({"ok": good, "offline": offline, "files": body}))
    else:
        for one in reports:
            typer.echo(f"{one.state:10} {one.entry:16} {one.path}")
        if not good:
            typer.echo("run `safeconduct models fetch` to bring what is missing or damaged", err=True)
    raise typer.Exit(0 if good else 1)


def _files(folder: Path | None) -> ModelFiles:
    return ModelFiles(folder or read_settings().models_dir, overrides_from(), shipped_registry())


def _fetch_with_bar(entries: list[ModelEntry], folder: Path) -> tuple[Fetched, ...]:
    columns = (TextColumn("{task.description:16}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {
            entry.name: bar.add_task(entry.name, total=entry.bytes, start=False) for entry in entries
        }

        def report(entry: ModelEntry, arrived: int) -> None:
            bar.start_task(tasks[entry.name])
            bar.update(tasks[entry.name], completed=arrived)

        return fetch(entries, folder, progress=report)


def _row(entry: ModelEntry) -> dict[str, Any]:
    return {**asdict(entry), "revision": entry.revision}


def _fail(error: ModelError, as_json: bool) -> typer.Exit:
    if as_json:
        typer.echo(json.dumps({"error": {"code": error.code, "entry": error.entry, "detail": str(error)}}))
    else:
        typer.echo(f"{error.code}: {error}", err=True)
    return typer.Exit(2)
