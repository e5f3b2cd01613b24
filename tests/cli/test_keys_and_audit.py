"""`safeconduct keys` and `safeconduct audit`: keys work until they are revoked, and a log that was touched is found out."""

import pytest
from sqlalchemy import text
from sqlmodel import select

from moderation.accounts.keys import KeyRefused, authenticate
from moderation.accounts.models import Account, Role
from moderation.transparency.audit import AuditEntry, seal_pending
from tests.support.commands import Shell
from tests.support.tampering import lift_guards


def seal(shell: Shell) -> int:
    """As the sealer does."""
    with shell.database.transaction() as session:
        return seal_pending(session)


def test_a_key_is_printed_once_and_opens_what_its_roles_allow(shell: Shell) -> None:
    made = shell("keys", "make", "acct_ada", "--role", "owner", "--role", "moderator", "--json").json
    assert (made["account_id"], made["roles"]) == ("acct_ada", ["moderator", "owner"])
    with shell.database.transaction() as session:
        principal = authenticate(session, made["key"])
    assert (principal.account_id, principal.roles) == ("acct_ada", frozenset({Role.OWNER, Role.MODERATOR}))
    secret = made["key"].rpartition("_")[2]
    assert secret not in (shell.home / "safeconduct.db").read_bytes().decode("latin-1")


def test_an_account_is_made_with_its_first_key_and_kept_with_its_second(shell: Shell) -> None:
    shell("keys", "make", "acct_young", "--role", "owner", "--under-18")
    shell("keys", "make", "acct_young", "--role", "owner")
    with shell.database.read() as session:
        assert session.get_one(Account, "acct_young").under_18


def test_a_key_for_people_is_shown_as_fields(shell: Shell) -> None:
    shown = shell("keys", "make", "acct_ada", "--role", "admin")
    assert shown.status == 0
    assert "sk_" in shown.out
    assert "acct_ada" in shown.out


def test_a_role_that_does_not_exist_is_refused_and_the_others_named(shell: Shell) -> None:
    refused = shell("keys", "make", "acct_ada", "--role", "emperor")
    assert refused.status == 2
    assert "emperor" in refused.err
    assert "moderator" in refused.err
    with shell.database.read() as session:
        assert session.get(Account, "acct_ada") is None


def test_a_key_without_a_role_is_refused(shell: Shell) -> None:
    assert shell("keys", "make", "acct_ada").status == 2


def test_a_revoked_key_opens_nothing(shell: Shell) -> None:
    made = shell("keys", "make", "acct_ada", "--role", "owner", "--json").json
    answer = shell("keys", "revoke", made["id"], "--json").json
    assert (answer["id"], answer["account_id"]) == (made["id"], "acct_ada")
    assert answer["revoked_ms"] > 0
    with pytest.raises(KeyRefused), shell.database.transaction() as session:
        authenticate(session, made["key"])


def test_making_and_revoking_is_in_the_audit_log(shell: Shell) -> None:
    made = shell("keys", "make", "acct_ada", "--role", "owner", "--json").json
    assert "is revoked" in shell("keys", "revoke", made["id"]).out
    with shell.database.read() as session:
        acts = session.exec(select(AuditEntry.act).where(AuditEntry.subject == made["id"])).all()
        actors = session.exec(select(AuditEntry.actor).where(AuditEntry.subject == made["id"])).all()
    assert acts == ["key.made", "key.revoked"]
    assert set(actors) == {"operator"}


def test_a_sound_log_verifies_and_its_unsealed_tail_is_named(shell: Shell) -> None:
    shell("keys", "make", "acct_ada", "--role", "owner")
    before = shell("audit", "verify", "--json")
    assert (before.status, before.json["sealed"]) == (0, 0)
    assert len(before.json["unsealed_tail"]) > 0
    sealed = seal(shell)
    after = shell("audit", "verify", "--json").json
    assert (after["sealed"], after["unsealed_tail"], after["broken_at"]) == (sealed, [], None)


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 2", 2),
        ("DELETE FROM audit_entry WHERE seq = 1", 1),
        ("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)", None),
        ("UPDATE audit_entry SET at_ms = at_ms + 1 WHERE seq = 1", 1),
        ("UPDATE audit_head SET seq = seq - 1", None),
    ],
)
def test_a_log_that_was_touched_is_found_out_with_status_1(
    shell: Shell, tampering: str, broken_at: int | None
) -> None:
    shell("keys", "make", "acct_ada", "--role", "owner")
    shell("keys", "make", "acct_ada", "--role", "owner")
    seal(shell)
    with shell.database.transaction() as session:
        lift_guards(session, "audit_entry")
        session.execute(text(tampering))
    found = shell("audit", "verify", "--json")
    assert found.status == 1
    assert found.json["fault"]
    assert found.json["broken_at"] == (broken_at or found.json["sealed"] + 1)
    shown = shell("audit", "verify")
    assert shown.status == 1
    assert found.json["fault"] in shown.out
