"""`safeconduct replay` and `backtest`: rule again on recorded findings, under the same policy or another."""

from collections.abc import Callable
from functools import cache
from typing import Annotated

import typer
from sqlmodel import Session

from moderation.cli.output import JsonOption, print_json
from moderation.cli.policy_backtest import compared, show_backtest
from moderation.cli.policy_names import named_document
from moderation.cli.session import application
from moderation.errors import Kind, ServiceError
from moderation.policy.store import stored_document
from moderation.replaying import Outcome, recorded_decisions, replay_all
from moderation.steering.backtest import report_to_plain
from policies.document import PolicyDocument

DIFFERENT = 1


class NothingNamed(ServiceError):
    """Neither ids nor --all."""

    code = "replay.nothing_named"
    kind = Kind.INVALID


class NothingRecorded(ServiceError):
    """No machine decision has this id, or is about a generation of this id."""

    code = "replay.unknown"
    kind = Kind.NOT_FOUND


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("replay")(replay)
    app.command("backtest")(backtest)


def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Decision or generation ids.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every recorded decision.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Rule again on recorded findings under the recorded policy; exit status 1 unless every ruling is identical, byte by byte."""
    if not ids and not all_:
        raise NothingNamed(
            "nothing to replay", field="ids", remedy="name decisions or generations, or give --all"
        )
    with application() as parts, parts.database.read() as session:
        outcomes = list(replay_all(recorded_decisions(session, ids=tuple(ids or ())), _documents(session)))
        _require_all(ids or [], outcomes)
    different = [outcome for outcome in outcomes if not outcome.replayed.identical]
    _show(outcomes, different, as_json)
    if different:
        raise typer.Exit(DIFFERENT)


def backtest(
    policy: Annotated[str, typer.Argument(help="A file, a revision, `active`, `rollout`, or `shipped`.")],
    as_json: JsonOption = False,
) -> None:
    """Rule on every recorded decision under another document: what would change, and how often people agree with either. Keeps
    nothing; `policy backtest` keeps the report, which an activation asks for."""
    with application() as parts:
        with parts.database.read() as session:
            document = named_document(session, policy)
        report, against = compared(parts, document)
    if as_json:
        print_json({"against": against, **report_to_plain(report)})
    else:
        show_backtest(report, against)


def _show(outcomes: list[Outcome], different: list[Outcome], as_json: bool) -> None:
    lines = [
        {
            "id": outcome.decision_id,
            "verdict": outcome.replayed.ruling.verdict.value,
            "before": outcome.replayed.recorded.verdict.value,
            "generation_id": outcome.generation_id,
            "stage": outcome.stage,
            "identical": outcome.replayed.identical,
        }
        for outcome in different
    ]
    if as_json:
        same = len(outcomes) - len(different)
        print_json({"decisions": len(outcomes), "identical": same, "different": lines})
        return
    for line in lines:
        typer.echo(
            f"{line['before']} -> {line['verdict']}  {line['id']} ({line['stage']} of {line['generation_id']})"
        )
    typer.echo(
        f"{len(outcomes)} decisions, {len(outcomes) - len(different)} identical, {len(different)} different"
    )


def _require_all(ids: list[str], outcomes: list[Outcome]) -> None:
    """A typing error must not read as "nothing differs"."""
    known = {outcome.decision_id for outcome in outcomes} | {outcome.generation_id for outcome in outcomes}
    for name in ids:
        if name not in known:
            raise NothingRecorded(
                "no machine decision is recorded under this id",
                field="ids",
                value=name,
                remedy="name a decision or a generation; `safeconduct explain GENERATION` lists its decisions",
            )


def _documents(session: Session) -> Callable[[str], PolicyDocument]:
    @cache
    def document(revision: str) -> PolicyDocument:
        return stored_document(session, revision)

    return document
