"""`safeconduct hold`: what an order of law stops and preserves."""

from typing import Annotated

import typer

from moderation.cli.output import JsonOption, print_fields, print_json, print_table
from moderation.cli.session import OPERATOR, application
from moderation.legal.holds import list_holds
from moderation.legal.tables import Effect, LegalHold, Target
from moderation.release.holds import lift_hold, place_hold
from moderation.store import now_ms

app = typer.Typer(no_args_is_help=True, help="Legal holds: what an order of law stops and preserves.")


@app.command("place")
def place_command(
    target: Annotated[Target, typer.Argument(help="What sort of thing is held.")],
    target_id: Annotated[str, typer.Argument(help="Its id.")],
    reference: Annotated[str, typer.Option(help="The order's own id: letters, digits and .:/*+,=-_")],
    preserve_only: Annotated[
        bool, typer.Option(help="Preserve it, and let it be released and served.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Keep it from being deleted, released and served."""
    effect = Effect.PRESERVE if preserve_only else Effect.STOP
    with application() as parts, parts.database.transaction() as session:
        hold = place_hold(
            session, target=target, target_id=target_id, effect=effect, reference=reference, actor=OPERATOR,
            now_ms=now_ms(session),
        )  # fmt: skip
        _show(hold, as_json)


@app.command("lift")
def lift_command(
    hold_id: Annotated[str, typer.Argument(help="Hold id, such as hold_…")], as_json: JsonOption = False
) -> None:
    """End a hold: what it alone stopped goes on."""
    with application() as parts, parts.database.transaction() as session:
        _show(lift_hold(session, hold_id, actor=OPERATOR, now_ms=now_ms(session)), as_json)


@app.command("list")
def list_command(
    all_: Annotated[bool, typer.Option("--all", help="The lifted ones, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The open holds, oldest first."""
    with application() as parts, parts.database.read() as session:
        page = holds = list_holds(session, all_=all_)
        while page:
            page = list_holds(session, all_=all_, after=holds[-1].id)
            holds += page
    if as_json:
        for hold in holds:
            print_json(hold.model_dump())
        return
    rows = [(one.id, one.target, one.target_id, one.effect, one.reference, one.placed_by) for one in holds]
    names = ("id", "target", "target id", "effect", "reference", "placed by")
    print_table(f"{len(rows)} holds", names, rows)


def _show(hold: LegalHold, as_json: bool) -> None:
    fields = hold.model_dump()
    print_json(fields) if as_json else print_fields(fields)
