"""`safeconduct policy add|shadow|rollout|activate|rollback|retire`: the steps of a revision, each with an actor and a reason."""

from typing import Annotated

import typer
from sqlmodel import Session

from moderation.bootstrap import Application
from moderation.cli.output import JsonOption, print_json
from moderation.cli.policy_names import named_document, stored
from moderation.cli.session import OPERATOR, application
from moderation.policy.evidence import Evidence
from moderation.policy.lifecycle import Act, make_active, retire, roll_back, to_rollout, to_shadow
from moderation.policy.notices import newly_off
from moderation.policy.tables import PolicyState
from moderation.store import now_ms
from policies.document import PolicyDocument

Policy = Annotated[str, typer.Argument(help="A file, or a stored revision or the beginning of one.")]
Reason = Annotated[str, typer.Option(help="Why, in words; kept in the history.")]
Actor = Annotated[str, typer.Option("--as", help="Who acts: an id, kept in the history and the audit log.")]
Waive = Annotated[str, typer.Option("--waive-backtest", help="Why no backtest is needed, in words.")]
Percent = Annotated[int, typer.Argument(help="Per cent of the accounts, 1 to 100.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("add")(add_command)
    app.command("shadow")(shadow_command)
    app.command("rollout")(rollout_command)
    app.command("activate")(activate_command)
    app.command("rollback")(rollback_command)
    app.command("retire")(retire_command)


def add_command(
    policy: Policy, reason: Reason = "added", actor: Actor = OPERATOR, as_json: JsonOption = False
) -> None:
    """Store a document as a draft. It has no effect."""
    with application() as parts, parts.database.transaction() as session:
        document = stored(session, policy, Act(actor, reason, now_ms(session)))
        _answer(session, document, as_json)


def shadow_command(
    policy: Policy, reason: Reason, actor: Actor = OPERATOR, as_json: JsonOption = False
) -> None:
    """Let it rule on everything beside the policy that stands, without effect. Ends a rollout of it."""
    with application() as parts, parts.database.transaction() as session:
        act = Act(actor, reason, now_ms(session))
        document = stored(session, policy, act)
        to_shadow(session, document.revision, act)
        _answer(session, document, as_json)


def rollout_command(
    policy: Policy,
    percent: Percent,
    reason: Reason,
    waive: Waive = "",
    actor: Actor = OPERATOR,
    as_json: JsonOption = False,
) -> None:
    """Let it rule on a share of the accounts, chosen by a stable hash of account and revision. Its tests must pass, and a
    backtest must have been made."""
    with application() as parts:
        evidence = _evidence(parts, policy, waive)
        with parts.database.transaction() as session:
            act = Act(actor, reason, now_ms(session))
            document = stored(session, policy, act)
            to_rollout(session, document.revision, percent, act, evidence)
            _answer(session, document, as_json)


def activate_command(
    policy: Policy, reason: Reason, waive: Waive = "", actor: Actor = OPERATOR, as_json: JsonOption = False
) -> None:
    """Make it rule on everybody, on every replica within a second. Its tests must pass, and a backtest must have been made."""
    with application() as parts:
        evidence = _evidence(parts, policy, waive)
        with parts.database.transaction() as session:
            act = Act(actor, reason, now_ms(session))
            document = stored(session, policy, act)
            make_active(session, document.revision, act, evidence)
            _answer(session, document, as_json)


def rollback_command(reason: Reason, actor: Actor = OPERATOR, as_json: JsonOption = False) -> None:
    """Undo the latest change of what rules: end the rollout in progress; without one, let the policy before rule again."""
    with application() as parts, parts.database.transaction() as session:
        gone, rules = roll_back(session, Act(actor, reason, now_ms(session)))
    if as_json:
        print_json({"went_to_shadow": gone, "rules": rules})
    else:
        typer.echo(f"{gone} is in shadow again; {rules} rules on everybody")


def retire_command(
    policy: Policy, reason: Reason, actor: Actor = OPERATOR, as_json: JsonOption = False
) -> None:
    """Take a revision out of use. It stays stored: decisions name it."""
    with application() as parts, parts.database.transaction() as session:
        act = Act(actor, reason, now_ms(session))
        document = stored(session, policy, act)
        retire(session, document.revision, act)
        _answer(session, document, as_json)


def _evidence(parts: Application, policy: str, waive: str) -> Evidence:
    """Gathered before the transaction: models take their time, and it would keep every writer waiting."""
    with parts.database.read() as session:
        document = named_document(session, policy)
    return Evidence(parts.trials(document), waive)


def _answer(session: Session, document: PolicyDocument, as_json: bool) -> None:
    for warning in newly_off(session, document):
        typer.echo(f"warning: {warning}", err=True)
    row = session.get_one(PolicyState, document.revision)
    if as_json:
        fields = {"revision": row.revision, "name": document.name, "state": row.state}
        print_json({**fields, "percent": row.percent} if row.percent else fields)
        return
    share = f" for {row.percent} % of the accounts" if row.percent else ""
    typer.echo(f"{row.revision} is {_SAID.get(row.state, row.state)}{share}")


_SAID = {"draft": "a draft", "shadow": "in shadow", "rollout": "in rollout"}
