"""`safeconduct audit verify`: is the audit log whole, and how much of it is not sealed yet?"""

from dataclasses import asdict

import typer

from moderation.cli.output import JsonOption, print_fields, print_json
from moderation.cli.session import application
from moderation.transparency.audit import verify_chain

app = typer.Typer(no_args_is_help=True, help="The audit log.")
BROKEN = 1


@app.callback()
def audit() -> None:
    """The audit log."""


@app.command("verify")
def verify_command(as_json: JsonOption = False) -> None:
    """Recompute the chain of hashes. Exit status 1 when a row was edited, removed, moved or inserted."""
    with application() as parts, parts.database.read() as session:
        report = verify_chain(session)
    if as_json:
        print_json(asdict(report))
    else:
        print_fields(asdict(report))
    if report.broken_at is not None:
        raise typer.Exit(BROKEN)
