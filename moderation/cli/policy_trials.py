"""`safeconduct policy test|backtest|list`: a document's own tests, what it would change, and where each revision stands."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from sqlmodel import col, select

from moderation.cli.output import JsonOption, print_json, print_table
from moderation.cli.policy_backtest import compared, show_backtest
from moderation.cli.policy_names import named_document, stored
from moderation.cli.policy_steps import Actor
from moderation.cli.session import OPERATOR, application
from moderation.policy.floods import recent_floods
from moderation.policy.lifecycle import Act
from moderation.policy.tables import PolicyChange
from moderation.steering.backtest import keep_backtest, report_to_plain
from moderation.steering.standing import Standing, read_standings
from moderation.store import now_ms
from policies.evaluation.intervals import Share
from policies.lifecycle.trial import TrialStatus

Name = Annotated[str, typer.Argument(help="A file, a revision, `active`, `rollout`, or `shipped`.")]
Days = Annotated[float, typer.Option(min=0, help="Decisions of the last so many days; 0: all.")]
FAILED = 1
HISTORY = 20
DAY_MS = 24 * 3600 * 1000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("test")(try_command)
    app.command("backtest")(backtest_command)
    app.command("list")(list_command)


def try_command(policy: Name, as_json: JsonOption = False) -> None:
    """Run the tests inside a document; exit status 1 when one fails. Those in words need the text model."""
    with application() as parts:
        with parts.database.read() as session:
            document = named_document(session, policy)
        trials = parts.trials(document)
    failed = [trial for trial in trials if trial.status is TrialStatus.FAILED]
    if as_json:
        lines = [{"name": t.name, "status": t.status.value, "sentence": t.sentence} for t in trials]
        print_json({"revision": document.revision, "tests": lines})
    else:
        for trial in trials:
            typer.echo(str(trial))
        not_run = sum(trial.status is TrialStatus.NOT_RUN for trial in trials)
        typer.echo(f"{len(trials)} tests, {len(failed)} failed, {not_run} not run")
    if failed:
        raise typer.Exit(FAILED)


def backtest_command(
    policy: Annotated[str, typer.Argument(help="A file, or a stored revision or the beginning of one.")],
    days: Days = 30,
    actor: Actor = OPERATOR,
    as_json: JsonOption = False,
) -> None:
    """Rule on recorded decisions under this document, compare with people's decisions, list what would change, and keep the
    report: `policy activate` and `policy rollout` ask for one. A file is stored as a draft."""
    with application() as parts:
        with parts.database.transaction() as session:
            at = now_ms(session)
            document = stored(session, policy, Act(actor, "backtest", at))
        since = at - int(days * DAY_MS) if days else 0
        report, against = compared(parts, document, since_ms=since)
        with parts.database.transaction() as session:
            kept = keep_backtest(session, report, against, since_ms=since, actor=actor, now_ms=at)
            answer = {"backtest": kept.id, "against": against, **report_to_plain(report)}
    print_json(answer) if as_json else show_backtest(report, against)


def list_command(as_json: JsonOption = False) -> None:
    """Where each revision stands, what shadows would have decided, and the last changes with who and why."""
    with application() as parts, parts.database.read() as session:
        standing = [_plain(one) for one in read_standings(session)]
        changes = session.exec(
            select(PolicyChange)
            .order_by(col(PolicyChange.at_ms).desc(), col(PolicyChange.id).desc())
            .limit(HISTORY)
        ).all()
        floods = [flood.model_dump() for flood in recent_floods(session, now_ms=now_ms(session))]
        guarded = bool(parts.settings.policy_flood_factor)
    history = [change.model_dump() for change in changes]
    if as_json:
        print_json({"revisions": standing, "history": history, "floods": floods, "flood_guard": guarded})
        return
    columns = ("revision", "name", "state", "percent", "previous", "beside the policy that stands")
    print_table(
        f"{len(standing)} revisions",
        columns,
        [[*list(one.values())[:5], _beside(one["shadow"])] for one in standing],
    )
    steps = [
        (c["revision"], f"{c['before'] or '–'} -> {c['after']}", c["actor"], c["reason"]) for c in history
    ]
    print_table("Last changes", ("revision", "step", "who", "why"), steps)
    for flood in floods:
        now, usual = (Share(flood[a], flood[b]) for a, b in (_NOW, _USUAL))
        typer.echo(
            f"FLOOD {flood['rule']} of {flood['revision']} blocks {now}, usually {usual}: {flood['outcome']}, {flood['why']}"
        )
    if not guarded:
        typer.echo("The flood guard is off: SAFECONDUCT_POLICY_FLOOD_FACTOR is 0")


_NOW, _USUAL = ("blocks", "decisions"), ("usual_blocks", "usual_decisions")


def _plain(one: Standing) -> dict[str, Any]:
    state = one.state
    return {
        "revision": state.revision,
        "name": one.row.name,
        "state": state.state,
        "percent": state.percent,
        "previous": state.previous,
        "since_ms": state.changed_ms,
        "shadow": {f"{stands}->{shadow}": count for (stands, shadow), count in sorted(one.shadow.items())},
    }


def _beside(shadow: Mapping[str, int]) -> str:
    """How many judgements a shadow ruled on, and what would have come out otherwise."""
    if not shadow:
        return ""
    other = {pair: n for pair, n in shadow.items() if len(set(pair.split("->"))) == 2}
    shown = ", ".join(f"{pair}: {n}" for pair, n in other.items())
    return f"{sum(shadow.values())} ruled, {sum(other.values())} otherwise" + (f" ({shown})" if shown else "")
