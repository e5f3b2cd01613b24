"""API keys: shown once, stored as a hash, worth exactly their roles."""

import re

import pytest
from sqlmodel import select

from moderation.accounts.directory import AccountUnknown, make_account
from moderation.accounts.keys import (
    FIRST_ADMIN,
    USE_RECORDED_EVERY_MS,
    KeyRefused,
    KeyUnknown,
    RolesInvalid,
    authenticate,
    first_admin_key,
    list_keys,
    make_key,
    note_use,
    revoke_key,
    use_is_stale,
)
from moderation.accounts.models import Account, ApiKey, Role
from moderation.accounts.sanctions import lift, suspend
from moderation.store import Database
from moderation.transparency.audit import AuditEntry
from tests.support.threads import in_threads


def _made(database: Database, *roles: Role, account: str = "acct_a") -> tuple[str, str]:
    with database.transaction() as session:
        if session.get(Account, account) is None:
            make_account(session, under_18=False, actor="root", now_ms=1, account_id=account)
        row, shown = make_key(session, account, name="mine", roles=roles, actor="root", now_ms=2)
        return row.id, shown


def test_a_key_opens_what_its_roles_say(sqlite_database: Database) -> None:
    key_id, shown = _made(sqlite_database, Role.OWNER, Role.PIPELINE)
    with sqlite_database.read() as session:
        principal = authenticate(session, shown)
    assert (principal.account_id, principal.key_id) == ("acct_a", key_id)
    assert principal.roles == {Role.OWNER, Role.PIPELINE}
    assert principal.may(Role.ADMIN, Role.OWNER)
    assert not principal.may(Role.ADMIN)


def test_a_key_says_its_id_and_carries_256_random_bits(sqlite_database: Database) -> None:
    key_id, shown = _made(sqlite_database, Role.OWNER)
    match = re.fullmatch(r"sk_([0-9a-f]{32})_([0-9a-f]{64})", shown)
    assert match is not None
    assert f"key_{match[1]}" == key_id
    assert len(bytes.fromhex(match[2])) * 8 == 256


def test_the_secret_is_kept_nowhere(sqlite_database: Database) -> None:
    _, shown = _made(sqlite_database, Role.OWNER)
    secret = shown.rpartition("_")[2]
    with sqlite_database.read() as session:
        stored = [row.model_dump_json() for row in session.exec(select(ApiKey))]
        stored += [row.model_dump_json() for row in session.exec(select(AuditEntry))]
    assert stored
    assert not any(secret in row for row in stored)


def test_a_wrong_key_is_refused_without_saying_which_part_is_wrong(sqlite_database: Database) -> None:
    _, shown = _made(sqlite_database, Role.OWNER)
    other = "0" if shown[-1] != "0" else "1"
    wrong = [
        shown[:-1] + other,
        shown.replace("sk_", "sk_f", 1)[: len(shown)],
        "",
        "sk_",
        "Bearer",
        shown + "0",
        "ü" * 40,
        "\ud800",
    ]
    with sqlite_database.read() as session:
        texts = set()
        for presented in wrong:
            with pytest.raises(KeyRefused) as refused:
                authenticate(session, presented)
            texts.add(str(refused.value))
    assert len(texts) == 1
    assert "sk_…" in texts.pop()


def test_a_revoked_key_opens_nothing_any_more(sqlite_database: Database) -> None:
    key_id, shown = _made(sqlite_database, Role.OWNER)
    with sqlite_database.transaction() as session:
        assert revoke_key(session, key_id, actor="root", now_ms=50).revoked_ms == 50
    with sqlite_database.transaction() as session:
        assert revoke_key(session, key_id, actor="root", now_ms=60).revoked_ms == 50
        with pytest.raises(KeyRefused):
            authenticate(session, shown)
        acts = [row.act for row in session.exec(select(AuditEntry))]
        with pytest.raises(KeyUnknown, match="key_none"):
            revoke_key(session, "key_none", actor="root", now_ms=60)
    assert acts.count("key.revoked") == 1


def test_a_suspended_account_keeps_only_what_is_its_owners(sqlite_database: Database) -> None:
    _, shown = _made(sqlite_database, Role.OWNER, Role.ADMIN, Role.MODERATOR)
    with sqlite_database.transaction() as session:
        suspend(session, "acct_a", reason="spam", actor="root", now_ms=3)
        assert authenticate(session, shown).roles == {Role.OWNER}
        lift(session, "acct_a", reason="appeal", actor="root", now_ms=4)
        assert authenticate(session, shown).roles == {Role.OWNER, Role.ADMIN, Role.MODERATOR}


def test_a_key_needs_a_role_and_an_account(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_account(session, under_18=False, actor="root", now_ms=1, account_id="acct_a")
        with pytest.raises(RolesInvalid, match="moderator"):
            make_key(session, "acct_a", name="n", roles=[], actor="root", now_ms=2)
        with pytest.raises(AccountUnknown, match="acct_b"):
            make_key(session, "acct_b", name="n", roles=[Role.OWNER], actor="root", now_ms=2)


def test_keys_are_listed_oldest_first(sqlite_database: Database) -> None:
    first, _ = _made(sqlite_database, Role.OWNER)
    second, _ = _made(sqlite_database, Role.PIPELINE)
    with sqlite_database.read() as session:
        assert {key.id for key in list_keys(session, "acct_a")} == {first, second}
        assert list_keys(session, "acct_b") == ()


def test_use_is_noted_once_a_minute(sqlite_database: Database) -> None:
    key_id, _ = _made(sqlite_database, Role.OWNER)
    with sqlite_database.transaction() as session:
        assert use_is_stale(session, key_id, 1000)
        note_use(session, key_id, 1000)
        assert not use_is_stale(session, key_id, 1000 + USE_RECORDED_EVERY_MS - 1)
        assert use_is_stale(session, key_id, 1000 + USE_RECORDED_EVERY_MS)


def test_the_first_admin_key_is_made_once(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        shown = first_admin_key(session, 1)
        assert shown is not None
        assert first_admin_key(session, 2) is None
    with sqlite_database.transaction() as session:
        assert first_admin_key(session, 3) is None
        principal = authenticate(session, shown)
    assert principal.account_id == FIRST_ADMIN
    assert principal.roles == set(Role)


def test_no_first_admin_key_once_any_key_exists(sqlite_database: Database) -> None:
    _made(sqlite_database, Role.OWNER)
    with sqlite_database.transaction() as session:
        assert first_admin_key(session, 3) is None


def test_two_processes_that_start_together_make_one_admin_key(database: Database) -> None:
    made: list[str | None] = []

    def start(_: int) -> None:
        with database.transaction() as session:
            made.append(first_admin_key(session, 1))

    in_threads(4, start)
    assert len([key for key in made if key]) == 1
    with database.read() as session:
        assert len(session.exec(select(ApiKey)).all()) == 1
