"""`safeconduct policy`: check a document, see what it would change, and make it rule."""

from pathlib import Path
from typing import Annotated

import typer

from moderation.cli.output import JsonOption, print_json
from moderation.cli.session import OPERATOR, application
from moderation.policy.store import activate
from moderation.store import now_ms
from policies.document import PolicyDocument, load_document, shipped_document
from policies.lifecycle.diff import diff

app = typer.Typer(no_args_is_help=True, help="Policy documents.")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A policy document (YAML).")]


@app.command("check")
def check_command(file: File, as_json: JsonOption = False) -> None:
    """Validate a document; every problem comes with its line and a hint. What is off or not mentioned is noted."""
    document = load_document(file)
    if as_json:
        print_json({"revision": document.revision, "notices": [str(notice) for notice in document.notices]})
        return
    typer.echo(f"{file.name} is valid, revision {document.revision}")
    for notice in document.notices:
        typer.echo(f"  note: {notice}")


@app.command("diff")
def diff_command(
    before: Annotated[Path, typer.Argument(help="A policy document, or `active`, or `shipped`.")],
    after: File,
    as_json: JsonOption = False,
) -> None:
    """What changes from one document to the other, and in which direction."""
    changes = diff(_named(before), load_document(after))
    if as_json:
        print_json(
            [
                {"path": list(c.path), "before": c.before, "after": c.after, "effect": c.effect}
                for c in changes
            ]
        )
        return
    for change in changes:
        typer.echo(str(change))
    typer.echo(f"{len(changes)} changes")


@app.command("activate")
def activate_command(file: File, as_json: JsonOption = False) -> None:
    """Make the document rule, on every replica within a second."""
    load_document(file)
    text = file.read_text(encoding="utf-8")
    with application() as parts, parts.database.transaction() as session:
        document = activate(session, text, name=file.stem, actor=OPERATOR, now_ms=now_ms(session))
    if as_json:
        print_json({"revision": document.revision, "name": file.stem})
    else:
        typer.echo(f"{document.revision} is active")


def _named(path: Path) -> PolicyDocument:
    if str(path) == "shipped":
        return shipped_document()
    if str(path) != "active":
        return load_document(path)
    with application() as parts:
        return parts.policy()
