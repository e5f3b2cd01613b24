"""The audit log: complete with the act, tamper-evident once sealed, and without personal data by construction."""

import json
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from moderation.store import Database
from moderation.transparency.audit import (
    GENESIS,
    AuditEntry,
    AuditHead,
    AuditReport,
    Plain,
    entry_hash,
    record,
    seal_pending,
    unsealed_count,
    verify_chain,
)
from tests.support.tampering import lift_guards
from tests.support.threads import in_threads


def _write(database: Database, count: int, act: str = "thing.done") -> None:
    for number in range(count):
        with database.transaction() as session:
            record(
                session,
                actor="acct_a",
                act=act,
                subject=f"thing_{number}",
                detail={"n": number},
                at_ms=number,
            )


def _seal(database: Database, limit: int = 1000) -> int:
    with database.transaction() as session:
        return seal_pending(session, limit=limit)


def _verify(database: Database) -> AuditReport:
    with database.read() as session:
        return verify_chain(session)


def _sealed(database: Database, count: int = 6) -> None:
    _write(database, count)
    assert _seal(database) == count
    assert _verify(database).intact


def _row(session: Session, seq: int) -> AuditEntry:
    return session.exec(select(AuditEntry).where(AuditEntry.seq == seq)).one()


def test_an_empty_log_is_intact(database: Database) -> None:
    assert _verify(database) == AuditReport(0, (), None, "", GENESIS)
    assert _seal(database) == 0
    assert _verify(database).intact


def test_what_rolls_back_leaves_no_row(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as session:
            record(session, actor="a", act="thing.done", subject="s", detail={}, at_ms=1)
            raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError, match="the act failed"):
        fail()
    with database.read() as session:
        assert session.exec(select(AuditEntry)).all() == []


def test_the_unsealed_tail_is_named(database: Database) -> None:
    _sealed(database, 3)
    _write(database, 2)
    report = _verify(database)
    assert report.intact
    assert report.sealed == 3
    with database.read() as session:
        late = session.exec(select(AuditEntry.id).where(col(AuditEntry.seq).is_(None))).all()
        assert unsealed_count(session) == 2
    assert sorted(report.unsealed_tail) == sorted(number for number in late if number is not None)
    assert _seal(database) == 2
    assert _verify(database).unsealed_tail == ()


def test_sealing_goes_in_id_order_and_in_parts(database: Database) -> None:
    _write(database, 5)
    assert [_seal(database, 2) for _ in range(4)] == [2, 2, 1, 0]
    with database.read() as session:
        rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).all()
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert [row.id for row in rows] == sorted(row.id for row in rows if row.id is not None)
    assert rows[0].previous_hash == GENESIS
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]


@pytest.mark.integration
def test_a_row_that_commits_late_with_a_low_id_is_sealed_and_not_skipped(postgres_database: Database) -> None:
    with postgres_database.transaction() as slow:
        record(slow, actor="slow", act="thing.done", subject="s", detail={}, at_ms=1)
        slow.flush()
        _write(postgres_database, 2)
        assert _seal(postgres_database) == 2
        low = slow.exec(select(AuditEntry.id).where(AuditEntry.actor == "slow")).one()
    report = _verify(postgres_database)
    assert (report.intact, report.unsealed_tail) == (True, (low,))
    assert _seal(postgres_database) == 1
    with postgres_database.read() as session:
        last = _row(session, 3)
    assert (last.actor, last.id) == ("slow", low)
    assert _verify(postgres_database).intact


def test_two_sealers_take_turns(database: Database) -> None:
    _write(database, 30)
    in_threads(4, lambda _: [_seal(database, 5) for _ in range(3)])
    report = _verify(database)
    assert (report.sealed, report.unsealed_tail, report.intact) == (30, (), True)


def test_verifying_beside_a_running_sealer_raises_no_false_alarm(database: Database) -> None:
    reports: list[AuditReport] = []

    def work(number: int) -> None:
        for _ in range(10):
            if number == 0:
                _write(database, 2)
            elif number == 1:
                _seal(database, 3)
            else:
                reports.append(_verify(database))

    in_threads(3, work)
    assert len(reports) == 10
    assert [report.fault for report in reports if not report.intact] == []


def _edit(session: Session) -> None:
    session.execute(text("UPDATE audit_entry SET detail = '[]' WHERE seq = 3"))


def _change_time(session: Session) -> None:
    session.execute(text("UPDATE audit_entry SET at_ms = at_ms + 1 WHERE seq = 3"))


def _edit_and_rehash(session: Session) -> None:
    row = _row(session, 3)
    row.actor = "somebody_else"
    row.hash = entry_hash(row)
    session.flush()


def _delete(session: Session) -> None:
    session.execute(text("DELETE FROM audit_entry WHERE seq = 3"))


def _delete_and_close_the_gap(session: Session) -> None:
    session.execute(text("DELETE FROM audit_entry WHERE seq = 3"))
    for seq in (4, 5, 6):
        session.execute(text(f"UPDATE audit_entry SET seq = {seq - 1} WHERE seq = {seq}"))


def _cut_the_end(session: Session) -> None:
    session.execute(text("DELETE FROM audit_entry WHERE seq > 4"))


def _swap(session: Session) -> None:
    for old, new in ((3, 100), (4, 3), (100, 4)):
        session.execute(text(f"UPDATE audit_entry SET seq = {new} WHERE seq = {old}"))


def _insert_behind(session: Session) -> None:
    head = session.get_one(AuditHead, 1)
    forged = AuditEntry(
        id=1000,
        actor="x",
        act="y",
        subject="z",
        detail="{}",
        at_ms=1,
        seq=head.seq + 1,
        previous_hash=head.hash,
    )
    forged.hash = entry_hash(forged)
    session.add(forged)
    session.flush()


def _insert_before(session: Session) -> None:
    forged = AuditEntry(
        id=1000, actor="x", act="y", subject="z", detail="{}", at_ms=1, seq=0, previous_hash=GENESIS
    )
    forged.hash = entry_hash(forged)
    session.add(forged)
    session.flush()


def _insert_between(session: Session) -> None:
    for seq in (6, 5, 4):
        session.execute(text(f"UPDATE audit_entry SET seq = {seq + 1} WHERE seq = {seq}"))
    before = _row(session, 3)
    forged = AuditEntry(
        id=1000, actor="x", act="y", subject="z", detail="{}", at_ms=1, seq=4, previous_hash=before.hash
    )
    forged.hash = entry_hash(forged)
    session.add(forged)
    session.flush()


def _unseal(session: Session) -> None:
    session.execute(text("UPDATE audit_entry SET seq = NULL, hash = NULL WHERE seq = 3"))


@pytest.mark.parametrize(
    ("tamper", "broken_at"),
    [
        (_edit, 3), (_change_time, 3), (_edit_and_rehash, 4), (_delete, 3), (_delete_and_close_the_gap, 3),
        (_cut_the_end, 5), (_swap, 3), (_insert_behind, 7), (_insert_before, 1), (_insert_between, 5), (_unseal, 3),
    ],
)  # fmt: skip
def test_tampering_is_found_where_it_happened(
    sqlite_database: Database, tamper: Callable[[Session], None], broken_at: int
) -> None:
    _sealed(sqlite_database, 6)
    with sqlite_database.transaction() as session:
        lift_guards(session, "audit_entry")
        tamper(session)
    report = _verify(sqlite_database)
    assert not report.intact
    assert report.broken_at == broken_at
    assert report.sealed == broken_at - 1
    assert report.fault


def test_a_chain_rewritten_as_a_whole_has_another_head(sqlite_database: Database) -> None:
    _sealed(sqlite_database, 4)
    noted = _verify(sqlite_database).head
    with sqlite_database.transaction() as session:
        lift_guards(session, "audit_entry")
        previous = GENESIS
        for row in session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))):
            row.actor, row.previous_hash = "forged", previous
            row.hash = previous = entry_hash(row)
        session.get_one(AuditHead, 1).hash = previous
    rewritten = _verify(sqlite_database)
    assert rewritten.intact
    assert rewritten.head != noted


@pytest.mark.parametrize(
    ("actor", "act", "subject", "detail"),
    [
        ("Ada Lovelace", "a.b", "s", {}),
        ("a", "did a thing", "s", {}),
        ("a", "a.b", "ada@example.org", {}),
        ("a", "a.b", "s", {"prompt": "a man walks"}),
        ("a", "a.b", "s", {"who": "Zoë"}),
        ("a", "a.b", "s", {"a key": 1}),
        ("a", "a.b", "s", {"names": ["ok", "not ok"]}),
        ("a", "a.b", "s", {"long": "x" * 201}),
        ("", "a.b", "s", {}),
    ],
)
def test_a_sentence_a_name_or_an_address_cannot_enter_the_log(
    sqlite_database: Database, actor: str, act: str, subject: str, detail: Mapping[str, Plain]
) -> None:
    with sqlite_database.transaction() as session:
        with pytest.raises(ValueError, match="no personal data"):
            record(session, actor=actor, act=act, subject=subject, detail=detail, at_ms=1)
        assert session.exec(select(AuditEntry)).all() == []


def test_ids_codes_numbers_and_lists_of_them_are_kept_in_canonical_order(sqlite_database: Database) -> None:
    detail: dict[str, Plain | tuple[str, ...]] = {
        "z": None,
        "a": True,
        "n": 3,
        "ids": ("gen_1", "gen_2"),
        "e": "",
    }
    with sqlite_database.transaction() as session:
        record(session, actor="acct_a", act="a.b", subject="sha256:ab", detail=detail, at_ms=1)
    with sqlite_database.read() as session:
        row = session.exec(select(AuditEntry)).one()
    assert row.detail == '{"a":true,"e":"","ids":["gen_1","gen_2"],"n":3,"z":null}'
    assert json.loads(row.detail)["ids"] == ["gen_1", "gen_2"]
