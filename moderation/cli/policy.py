"""`safeconduct policy`: check a document, see what it would change, and take it step by step to where it rules."""

import json
from pathlib import Path
from typing import Annotated

import typer

from moderation.cli.output import JsonOption, print_json
from moderation.cli.policy_names import named_document, text_of
from moderation.cli.policy_steps import register as register_steps
from moderation.cli.policy_trials import register as register_trials
from moderation.cli.session import application
from moderation.policy.notices import OFF
from policies.document import PolicyDocument, load_document, parse_document, schema_text, shipped_document
from policies.lifecycle.diff import diff
from policies.loading.notices import gathered

app = typer.Typer(no_args_is_help=True, help="Policy documents: check, try, and change what rules.")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A policy document (YAML).")]


@app.command("check")
def check_command(file: File, as_json: JsonOption = False) -> None:
    """Validate a document; every problem comes with its line and a hint. What is off is a warning, other remarks are notes."""
    document = load_document(file)
    notices = gathered(document.notices)
    if as_json:
        print_json({"revision": document.revision, "notices": [str(notice) for notice in notices]})
        return
    typer.echo(f"{file.name} is valid, revision {document.revision}")
    for notice in notices:
        typer.echo(f"  {'warning' if notice.code in OFF else 'note'}: {notice}")


@app.command("show")
def show_command(
    policy: Annotated[str, typer.Argument(help="A revision, `active`, `rollout`, or `shipped`.")] = "active",
    as_json: JsonOption = False,
) -> None:
    """Print a stored document as it was written: what a new draft begins with."""
    with application() as parts, parts.database.read() as session:
        text = text_of(session, policy)
    if as_json:
        document = parse_document(text, name=policy)
        print_json({"revision": document.revision, "name": document.name, "document": text})
    else:
        typer.echo(text, nl=False)


@app.command("schema")
def schema_command(as_json: JsonOption = False) -> None:
    """Print the JSON Schema of a document, for an editor that completes and checks while one writes."""
    text = schema_text()
    print_json(json.loads(text)) if as_json else typer.echo(text, nl=False)


@app.command("diff")
def diff_command(
    before: Annotated[str, typer.Argument(help="A file, a revision, `active`, `rollout`, or `shipped`.")],
    after: Annotated[str, typer.Argument(help="The same.")],
    as_json: JsonOption = False,
) -> None:
    """What changes from one document to the other, and in which direction."""
    changes = diff(_named(before), _named(after))
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


def _named(name: str) -> PolicyDocument:
    """Files and the shipped document need no database."""
    if name == "shipped":
        return shipped_document()
    if Path(name).is_file():
        return load_document(Path(name))
    with application() as parts, parts.database.read() as session:
        return named_document(session, name)


register_steps(app)
register_trials(app)
