"""Accounts and sanctions: no personal data, every act audited, every refusal says what to do."""

import json

import pytest
from sqlmodel import Session, select

from moderation.accounts import quota
from moderation.accounts.directory import (
    AccountExists,
    AccountIdInvalid,
    AccountUnknown,
    get_account,
    make_account,
    read_standing,
    set_under_18,
)
from moderation.accounts.models import Sanction
from moderation.accounts.sanctions import ReasonMissing, SanctionConflict, lift, suspend
from moderation.errors import Kind
from moderation.store import Database
from moderation.transparency.audit import AuditEntry


def _acts(session: Session) -> list[tuple[str, str, str]]:
    session.flush()
    return [(row.actor, row.act, row.subject) for row in session.exec(select(AuditEntry))]


def test_an_account_gets_an_id_or_keeps_the_one_it_brings(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        made = make_account(session, under_18=True, actor="root", now_ms=5)
        kept = make_account(session, under_18=False, actor="root", now_ms=6, account_id="user:8841")
        assert made.id.startswith("acct_")
        assert (made.state, made.under_18, made.created_ms) == ("active", True, 5)
        assert kept.id == "user:8841"
        assert _acts(session) == [("root", "account.made", made.id), ("root", "account.made", "user:8841")]


@pytest.mark.parametrize("name", ["ada@example.org", "Ada Lovelace", "", "a" * 101, "ü", "a\n"])
def test_an_id_that_could_be_a_name_or_an_address_is_refused(sqlite_database: Database, name: str) -> None:
    with (
        sqlite_database.transaction() as session,
        pytest.raises(AccountIdInvalid, match="not a name or an address"),
    ):
        make_account(session, under_18=False, actor="root", now_ms=1, account_id=name)


def test_a_taken_id_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_account(session, under_18=False, actor="root", now_ms=1, account_id="acct_a")
        with pytest.raises(AccountExists, match="acct_a"):
            make_account(session, under_18=True, actor="root", now_ms=1, account_id="acct_a")


def test_an_unknown_account_is_named_with_its_remedy(sqlite_database: Database) -> None:
    with sqlite_database.read() as session:
        for call in (get_account, lambda s, a: read_standing(s, a, 1)):
            with pytest.raises(AccountUnknown) as unknown:
                call(session, "acct_x")
    assert str(unknown.value) == (
        "account_id: no account has this id (got acct_x); "
        "make the account first (POST /v1/accounts) or correct the id"
    )
    assert (unknown.value.code, unknown.value.kind) == ("account.unknown", Kind.NOT_FOUND)


def test_coming_of_age_is_recorded(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_account(session, under_18=True, actor="root", now_ms=1, account_id="acct_a")
        assert set_under_18(session, "acct_a", under_18=False, actor="root", now_ms=2).under_18 is False
        assert ("root", "account.age_set", "acct_a") in _acts(session)


def test_standing_gathers_what_the_gate_must_know(sqlite_database: Database) -> None:
    day = 1_772_366_400_000  # 2026-03-01T12:00:00Z
    limits = quota.QuotaLimits(account=5, total=5)
    with sqlite_database.transaction() as session:
        make_account(session, under_18=True, actor="root", now_ms=1, account_id="acct_a")
        quota.reserve(session, "acct_a", quota.day_of(day), limits, generation_id="gen_1")
        quota.reserve(session, "acct_b", quota.day_of(day), limits, generation_id="gen_2")
        suspend(session, "acct_a", reason="spam", actor="root", now_ms=2)
        standing = read_standing(session, "acct_a", day)
    assert (standing.suspended, standing.under_18) == (True, True)
    assert (standing.used_today, standing.used_today_in_all) == (1, 2)


def test_suspending_and_lifting_leave_a_record_of_both(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_account(session, under_18=False, actor="root", now_ms=1, account_id="acct_a")
        placed = suspend(session, "acct_a", reason="sent spam", actor="mod_1", now_ms=10)
        assert get_account(session, "acct_a").state == "suspended"
        lifted = lift(session, "acct_a", reason="it was a mistake", actor="mod_2", now_ms=20)
        assert get_account(session, "acct_a").state == "active"
    assert placed.id == lifted.id
    with sqlite_database.read() as session:
        row = session.get_one(Sanction, placed.id)
    assert (row.reason, row.placed_by, row.placed_ms) == ("sent spam", "mod_1", 10)
    assert (row.lift_reason, row.lifted_by, row.lifted_ms) == ("it was a mistake", "mod_2", 20)


def test_the_reason_of_a_sanction_stays_out_of_the_audit_log(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_account(session, under_18=False, actor="root", now_ms=1, account_id="acct_a")
        sanction = suspend(session, "acct_a", reason="harassed Ada Lovelace", actor="mod_1", now_ms=10)
    with sqlite_database.read() as session:
        rows = session.exec(select(AuditEntry)).all()
    assert json.loads(rows[-1].detail) == {"sanction_id": sanction.id}
    assert not any("Lovelace" in row.model_dump_json() for row in rows)


def test_what_is_so_already_is_a_conflict(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_account(session, under_18=False, actor="root", now_ms=1, account_id="acct_a")
        with pytest.raises(SanctionConflict, match="is not suspended"):
            lift(session, "acct_a", reason="r", actor="m", now_ms=1)
        suspend(session, "acct_a", reason="r", actor="m", now_ms=1)
        with pytest.raises(SanctionConflict, match="lift the suspension first"):
            suspend(session, "acct_a", reason="r", actor="m", now_ms=1)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nobody_is_sanctioned_without_a_reason(sqlite_database: Database, reason: str) -> None:
    with sqlite_database.transaction() as session:
        make_account(session, under_18=False, actor="root", now_ms=1, account_id="acct_a")
        with pytest.raises(ReasonMissing, match="write a sentence"):
            suspend(session, "acct_a", reason=reason, actor="m", now_ms=1)
        with pytest.raises(ReasonMissing):
            lift(session, "acct_a", reason=reason, actor="m", now_ms=1)
        assert get_account(session, "acct_a").state == "active"
