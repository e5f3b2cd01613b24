"""The ledger: holds each release once, on both databases, and nothing in it can be changed or removed again."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from moderation.store import Database
from provenance.errors import LedgerError
from provenance.ledger import LedgerEntry, by_release_id, by_sha256, entry_of, find_in, record
from provenance.proof import prove_release
from tests.support.credentials import Pki, claim


def entry(number: int = 1, **changes: Any) -> LedgerEntry:
    fields: dict[str, Any] = {
        "sha256": f"{number:064x}",
        "release_id": f"rel_{number}",
        "generation_id": f"gen_{number}",
        "size": 1 << 33,
        "manifest_label": "urn:c2pa:1",
        "policy_revision": "sha256:0123456789ab",
        "decision_ids": ["dec_1", "dec_2"],
        "mark_revision": "plain-label:0",
        "created_ms": 1_793_000_000_000,
    }
    return LedgerEntry(**(fields | changes))


def test_a_release_is_found_by_its_bytes_and_by_its_id(session: Session) -> None:
    record(session, entry(1))
    record(session, entry(2))
    found = by_sha256(session, f"{1:064x}")
    assert found is not None
    assert found.release_id == "rel_1"
    assert found.decision_ids == ["dec_1", "dec_2"]
    assert by_release_id(session, "rel_2") is not None


def test_what_was_not_recorded_is_not_found(session: Session) -> None:
    record(session, entry(1))
    assert by_sha256(session, "f" * 64) is None
    assert by_release_id(session, "rel_9") is None
    find = find_in(session)
    assert find("sha256", "rel_1") is None
    assert find("release_id", "rel_1") is not None
    assert find("sha256", f"{1:064x}") is not None


@pytest.mark.parametrize("again", [{"sha256": "f" * 64}, {"release_id": "rel_9"}, {}])
def test_neither_a_file_nor_a_release_is_recorded_twice(session: Session, again: dict[str, object]) -> None:
    record(session, entry(1))
    with pytest.raises(LedgerError, match=r"is in the ledger already; a release is recorded once") as raised:
        record(session, entry(1, **again))
    assert raised.value.code == "ledger.exists"


def test_the_caller_owns_the_transaction(session: Session) -> None:
    record(session, entry(1))
    session.rollback()
    assert by_release_id(session, "rel_1") is None


def test_a_proof_becomes_its_row(session: Session, pki: Pki, stamped: Path) -> None:
    proof = prove_release(stamped, pki.trust, claim(), timestamped=False)
    record(session, entry_of(proof, created_ms=5))
    found = by_sha256(session, proof.sha256)
    assert found is not None
    assert (found.release_id, found.generation_id, found.size) == ("rel_1", "gen_1", stamped.stat().st_size)
    assert found.decision_ids == ["dec_request", "dec_output"]
    assert (found.manifest_label, found.created_ms) == (proof.manifest_label, 5)


def refused(raised: pytest.ExceptionInfo[LedgerError]) -> bool:
    return raised.value.code == "ledger.append_only" and "never changed or deleted" in str(raised.value)


def test_a_loaded_row_cannot_be_changed(session: Session) -> None:
    record(session, entry(1))
    found = by_release_id(session, "rel_1")
    assert found is not None
    found.policy_revision = "other"
    with pytest.raises(LedgerError) as raised:
        session.flush()
    assert refused(raised)


def test_a_loaded_row_cannot_be_deleted(session: Session) -> None:
    row = entry(1)
    record(session, row)
    session.delete(row)
    with pytest.raises(LedgerError) as raised:
        session.flush()
    assert refused(raised)


def test_no_statement_changes_or_deletes_rows(session: Session) -> None:
    record(session, entry(1))
    table = LedgerEntry.metadata.tables["ledger_entry"]
    for statement in (
        update(LedgerEntry).values(policy_revision="x"),
        delete(LedgerEntry),
        update(table).values(policy_revision="x"),
        delete(table),
    ):
        with pytest.raises(LedgerError) as raised:
            session.execute(statement)
        assert refused(raised)


@pytest.mark.parametrize("statement", ["UPDATE ledger_entry SET size = 1", "DELETE FROM ledger_entry"])
def test_the_database_itself_refuses_what_was_written_by_hand(database: Database, statement: str) -> None:
    with database.transaction() as opened:
        record(opened, entry(1))
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as opened:
        opened.execute(text(statement))
    with database.read() as opened:
        rows = opened.exec(select(LedgerEntry)).all()
        assert [(row.release_id, row.size, row.created_ms) for row in rows] == [
            ("rel_1", 1 << 33, 1_793_000_000_000)
        ]


def test_other_tables_are_left_alone(session: Session) -> None:
    session.execute(text("CREATE TABLE other (a INTEGER)"))
    session.execute(text("INSERT INTO other VALUES (1)"))
    session.execute(text("UPDATE other SET a = 2"))
    session.execute(text("DELETE FROM other"))
    assert session.execute(text("SELECT count(*) FROM other")).scalar_one() == 0
