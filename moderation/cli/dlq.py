"""`safeconduct dlq`: what could not be processed, why, and how to have it processed after all."""

from dataclasses import asdict
from typing import Annotated

import typer

from moderation.bus.dead_letters import dismiss, list_open, replay
from moderation.cli.output import JsonOption, print_json, print_table
from moderation.cli.session import OPERATOR, application
from moderation.store import now_ms
from moderation.transparency import audit

app = typer.Typer(no_args_is_help=True, help="Dead letters: messages that could not be processed.")
Ids = Annotated[list[str], typer.Argument(help="Ids of dead letters; `all` for every open one.")]


@app.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """The open dead letters, oldest first."""
    with application() as parts, parts.database.read() as session:
        letters = list_open(session)
    if as_json:
        for letter in letters:
            print_json(asdict(letter))
        return
    rows = [(one.id, one.topic, one.key, one.code, one.tries, one.error[:80]) for one in letters]
    print_table(f"{len(rows)} open dead letters", ("id", "topic", "key", "code", "tries", "error"), rows)


@app.command("replay")
def replay_command(ids: Ids, as_json: JsonOption = False) -> None:
    """Publish the messages again; who had processed them drops them, who had parked them tries anew."""
    _each(ids, "dlq.replayed", as_json)


@app.command("dismiss")
def dismiss_command(ids: Ids, as_json: JsonOption = False) -> None:
    """Close dead letters that will never be processed."""
    _each(ids, "dlq.dismissed", as_json)


def _each(ids: list[str], act: str, as_json: bool) -> None:
    with application() as parts, parts.database.transaction() as session:
        wanted = [letter.id for letter in list_open(session, limit=10_000)] if ids == ["all"] else ids
        for letter_id in wanted:
            at = now_ms(session)
            (replay if act == "dlq.replayed" else dismiss)(session, letter_id, now_ms=at)
            audit.record(session, actor=OPERATOR, act=act, subject=letter_id, detail={}, at_ms=at)
    if as_json:
        print_json({"act": act, "ids": wanted})
    else:
        typer.echo(f"{act}: {len(wanted)}")
