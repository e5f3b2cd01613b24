"""`safeconduct up`, `worker NAME` and `prepare`: everything in one process, one part of it, or what all parts need first."""

import sys
from typing import Annotated

import typer

from moderation.bootstrap import Application
from moderation.cli.output import JsonOption, print_json
from moderation.cli.session import application
from moderation.errors import Kind, ServiceError
from moderation.observability.logs import configure_logging
from moderation.service import prepare, run_surface, run_workers
from moderation.settings import read_settings
from moderation.warming import API
from moderation.workers import WORKERS

NOT_DRAINED = 1


class WorkerUnknown(ServiceError):
    """No worker has this name."""

    code = "worker.unknown"
    kind = Kind.INVALID


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("worker")(worker)
    app.command("prepare")(prepare_all)


def up() -> None:
    """Run everything in one process: API, gates, generator, release, sweeper, relay. SIGTERM drains it."""
    settings = read_settings()
    configure_logging(settings.log_level)
    with application(settings) as parts:
        _first_key(parts)
        drained = run_surface(parts, list(WORKERS), ready=lambda: _listening(parts))
    raise typer.Exit(0 if drained else NOT_DRAINED)


def worker(
    name: Annotated[str, typer.Argument(help=f"One of: {API}, {', '.join(WORKERS)}.")],
) -> None:
    """Run one worker. Any number of each may run, on Kafka and PostgreSQL or on one embedded database."""
    if name not in {API, *WORKERS}:
        raise WorkerUnknown(
            "no worker has this name",
            field="name",
            value=name,
            remedy=f"name one of {API}, {', '.join(WORKERS)}",
        )
    settings = read_settings()
    configure_logging(settings.log_level)
    with application(settings) as parts:
        _first_key(parts)
        serves = name == API
        drained = (
            run_surface(parts, [], ready=lambda: _listening(parts)) if serves else run_workers(parts, [name])
        )
    raise typer.Exit(0 if drained else NOT_DRAINED)


def prepare_all(as_json: JsonOption = False) -> None:
    """Make what all processes share where it is missing: schema, topics, object store, keys, certificates; then end.

    Every process makes what it needs itself; run this first where several start at once on one shared home. The first time it
    prints the admin key. Safe to repeat.
    """
    settings = read_settings()
    configure_logging(settings.log_level)
    with application(settings) as parts:
        parts.assets.make()
        _ = parts.vault, parts.link_secret, parts.pki  # each is made when it is first asked for
        key = prepare(parts)
    if as_json:
        print_json({"first_admin_key": key})
    else:
        _show_first_key(key)


def _first_key(parts: Application) -> None:
    _show_first_key(prepare(parts))


def _show_first_key(key: str | None) -> None:
    if key is not None:
        print(f"First admin key, shown this once: {key}", file=sys.stderr)


def _listening(parts: Application) -> None:
    address = f"http://{parts.settings.host}:{parts.settings.port}"
    print(f"Listening on {address}; moderators: {address}/review", file=sys.stderr)
