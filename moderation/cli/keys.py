"""`safeconduct keys`: make and revoke API keys from the machine itself, as when the first admin key was lost."""

from typing import Annotated

import typer

from moderation.accounts.directory import AccountUnknown, get_account, make_account
from moderation.accounts.keys import make_key, revoke_key
from moderation.accounts.models import Role
from moderation.cli.output import JsonOption, print_fields, print_json
from moderation.cli.session import OPERATOR, application
from moderation.store import now_ms

app = typer.Typer(no_args_is_help=True, help="API keys.")


@app.command("make")
def make_command(
    account: Annotated[str, typer.Argument(help="Account id; made when it does not exist.")],
    role: Annotated[list[Role], typer.Option("--role", help="What the key may do; repeat for several.")],
    name: Annotated[str, typer.Option(help="What the holder calls the key.")] = "made on the command line",
    under_18: Annotated[bool, typer.Option(help="For a new account: its holder is under 18.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, this once."""
    with application() as parts, parts.database.transaction() as session:
        at = now_ms(session)
        try:
            get_account(session, account)
        except AccountUnknown:
            make_account(session, under_18=under_18, actor=OPERATOR, now_ms=at, account_id=account)
        row, key = make_key(session, account, name=name, roles=role, actor=OPERATOR, now_ms=at)
        answer = {"id": row.id, "account_id": account, "roles": list(row.roles), "key": key}
    print_json(answer) if as_json else print_fields(answer)


@app.command("revoke")
def revoke_command(
    key_id: Annotated[str, typer.Argument(help="Key id, such as key_…")], as_json: JsonOption = False
) -> None:
    """End a key for good."""
    with application() as parts, parts.database.transaction() as session:
        row = revoke_key(session, key_id, actor=OPERATOR, now_ms=now_ms(session))
        answer = {"id": key_id, "account_id": row.account_id, "revoked_ms": row.revoked_ms}
    print_json(answer) if as_json else typer.echo(f"{key_id} is revoked")
