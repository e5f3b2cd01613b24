"""`safeconduct verify FILE…`: is this file ours, and is it intact?"""

from pathlib import Path
from typing import Annotated, Any

import typer

from moderation.bootstrap import Application
from moderation.cli.output import JsonOption, print_json
from moderation.cli.session import application

NOT_OURS = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Media files.")],
    as_json: JsonOption = False,
) -> None:
    """Answer `ours_intact`, `ours_altered` or `unknown` for each file. Exit status 0 only when every file is ours and intact.

    `unknown` says nothing about a file: not that it is genuine, and not that it is made up.
    """
    all_intact = True
    with application() as parts:
        for file in files:
            answer = verified(parts, file)
            all_intact &= answer["answer"] == "ours_intact"
            if as_json:
                print_json({"file": str(file), **answer})
            else:
                typer.echo(f"{answer['answer']}  {file}")
                for reason in answer["reasons"]:
                    typer.echo(f"    {reason['text']}")
    if not all_intact:
        raise typer.Exit(NOT_OURS)


def verified(parts: Application, file: Path) -> dict[str, Any]:
    """The answer for one file, as JSON."""
    return dict(parts.verify(file))
