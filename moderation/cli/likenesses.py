"""`safeconduct revoke @handle`: end the use of a likeness, at once and everywhere; `erase` destroys its templates, too."""

from typing import Annotated

import typer
from sqlmodel import Session

from consent.likeness.handles import find_likeness
from consent.likeness.models import RevokeScope
from moderation.bootstrap import Application
from moderation.cli.output import JsonOption, print_fields, print_json
from moderation.cli.session import OPERATOR, application
from moderation.errors import Kind, ServiceError
from moderation.likenesses.commands import Revoked, erase_likeness, revoke_likeness
from moderation.release.report import withdrawal_report
from moderation.release.sweep import sweep_now
from moderation.store import now_ms

Handle = Annotated[str, typer.Argument(help="The handle, such as @ada, or the likeness id.")]


class HandleUnknown(ServiceError):
    """Nobody is enrolled under this handle."""

    code = "likeness.unknown"
    kind = Kind.NOT_FOUND


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("revoke")(revoke)
    app.command("erase")(erase)


def revoke(
    handle: Handle,
    scope: Annotated[
        RevokeScope, typer.Option(help="everything: also what was released; future: new use only.")
    ] = RevokeScope.EVERYTHING,
    as_json: JsonOption = False,
) -> None:
    """Revoke a likeness. From the commit on nothing that shows it is released or served; then it is taken back."""
    with application() as parts:
        with parts.database.transaction() as session:
            likeness_id = _id_of(session, handle)
            revoked = revoke_likeness(
                session, likeness_id, actor=OPERATOR, now_ms=now_ms(session), scope=scope
            )
        _report(parts, revoked, as_json)


def erase(
    handle: Handle,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; it cannot be undone.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a likeness: revoke it, destroy the key to its templates, delete its portraits. Nothing brings it back."""
    if not yes:
        typer.confirm(f"Erase {handle} for good? Recognition ends with it.", abort=True)
    with application() as parts:
        with parts.database.transaction() as session:
            likeness_id = _id_of(session, handle)
            revoked = erase_likeness(session, likeness_id, actor=OPERATOR, now_ms=now_ms(session))
        _report(parts, revoked, as_json)


def _report(parts: Application, revoked: Revoked, as_json: bool) -> None:
    """Sweep here and now, whether or not a sweeper runs elsewhere, and say how far it reached."""
    if revoked.withdrawal_id:
        sweep_now(parts.database, revoked.withdrawal_id)
    change = revoked.revocation.change
    with parts.database.read() as session:
        report = withdrawal_report(session, revoked.withdrawal_id) if revoked.withdrawal_id else {}
    answer = {
        "likeness_id": change.likeness_id,
        "handle": change.handle,
        "change": change.change,
        "changed": change.changed,
        "revision": change.revision,
        "withdrawal": report,
        "notice": revoked.revocation.notice,
    }
    if as_json:
        print_json(answer)
        return
    print_fields({name: value for name, value in answer.items() if name not in {"withdrawal", "notice"}})
    for line in report.get("receipts", []):
        typer.echo(f"  {line['outcome']:22} {line['target']}  {line['detail']}")
    if answer["notice"]:
        typer.echo(answer["notice"])


def _id_of(session: Session, handle: str) -> str:
    likeness = find_likeness(session, handle)
    if likeness is None:
        raise HandleUnknown(
            "nobody is enrolled as this", field="handle", value=handle, remedy="check the spelling"
        )
    return likeness.id
