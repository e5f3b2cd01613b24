"""`safeconduct dlq`: what could not be processed, why, and how to have it processed after all."""

from dataclasses import asdict
from typing import Annotated

import typer
from sqlmodel import Session

from moderation.bus.dead_letters import dismiss, list_open, replay
from moderation.cli.output import JsonOption, print_json, print_table
from moderation.cli.session import OPERATOR, application
from moderation.generation.parked import give_to_people, waits_for
from moderation.store import now_ms
from moderation.transparency import audit

app = typer.Typer(no_args_is_help=True, help="Dead letters: messages that could not be processed.")
Ids = Annotated[list[str], typer.Argument(help="Ids of dead letters; `all` for every open one.")]


@app.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """The open dead letters, oldest first, and the generation that each holds up."""
    with application() as parts, parts.database.read() as session:
        letters = [(letter, waits_for(session, letter)) for letter in list_open(session)]
    if as_json:
        for letter, waiting in letters:
            print_json({**asdict(letter), "holds": waiting})
        return
    rows = [
        (one.id, one.topic, one.key, one.code, one.tries, waits, one.error[:80]) for one, waits in letters
    ]
    print_table(
        f"{len(rows)} open dead letters", ("id", "topic", "key", "code", "tries", "holds", "error"), rows
    )


@app.command("replay")
def replay_command(ids: Ids, as_json: JsonOption = False) -> None:
    """Publish the messages again; who had processed them drops them, who had parked them tries anew."""
    act = "dlq.replayed"
    with application() as parts, parts.database.transaction() as session:
        wanted = _wanted(session, ids)
        for letter_id in wanted:
            at = now_ms(session)
            replay(session, letter_id, now_ms=at)
            audit.record(session, actor=OPERATOR, act=act, subject=letter_id, detail={}, at_ms=at)
    print_json({"act": act, "ids": wanted}) if as_json else typer.echo(f"{act}: {len(wanted)}")


@app.command("dismiss")
def dismiss_command(ids: Ids, as_json: JsonOption = False) -> None:
    """Close dead letters that will never be processed; a generation that one holds up goes to a moderator."""
    act = "dlq.dismissed"
    with application() as parts, parts.database.transaction() as session:
        wanted, cases = _wanted(session, ids), []
        for letter_id in wanted:
            at = now_ms(session)
            letter = dismiss(session, letter_id, now_ms=at)
            case = give_to_people(session, letter, parts.policy(), now_ms=at)
            detail = {"case_id": case} if case else {}
            audit.record(session, actor=OPERATOR, act=act, subject=letter_id, detail=detail, at_ms=at)
            cases += [case] if case else []
    if as_json:
        print_json({"act": act, "ids": wanted, "cases": cases})
        return
    typer.echo(f"{act}: {len(wanted)}")
    for case in cases:
        typer.echo(f"a moderator decides what becomes of its generation: {case}")


def _wanted(session: Session, ids: list[str]) -> list[str]:
    return [letter.id for letter in list_open(session, limit=10_000)] if ids == ["all"] else ids
