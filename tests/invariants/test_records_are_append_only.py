"""Decisions, sealed acts and releases are what they were, whoever writes SQL by hand: the database itself refuses."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from moderation.gate.decisions import Decision
from moderation.store import Database
from moderation.transparency.audit import AuditEntry, record, seal_pending, verify_chain
from provenance.ledger import LedgerEntry
from tests.support.releases import prepared_of
from tests.support.rows import decision
from tests.support.tampering import lift_guards

COPY_DECISION = (
    "SELECT id, generation_id, stage, 'allow', category, actor, case_id, policy_revision, registry_version, body, "
    "body_sha256, created_ms FROM decision WHERE true"
)


def two_of_each(database: Database) -> None:
    """Two decisions, two sealed acts and one that is not sealed, and a release in the ledger."""
    with database.transaction() as session:
        for name in ("dec_1", "dec_2"):
            session.add(decision(name, verdict="block"))
        session.add(prepared_of("gen_1").entry)
        for number in (1, 2, 3):
            record(session, actor="a", act="thing.done", subject=f"s{number}", detail={}, at_ms=number)
            if number == 2:
                assert seal_pending(session) == 2


def contents(database: Database) -> list[object]:
    """Every row that must not change."""
    with database.read() as session:
        tables = (Decision, AuditEntry, LedgerEntry)
        return [row.model_dump() for table in tables for row in session.exec(select(table))]


TAMPERING = [
    "UPDATE decision SET verdict = 'allow'",
    "UPDATE decision SET verdict = 'allow' WHERE id = 'dec_1'",
    "UPDATE decision SET id = 'dec_9' WHERE id = 'dec_1'",
    "DELETE FROM decision",
    "DELETE FROM decision WHERE id = 'dec_1'",
    f"INSERT INTO decision {COPY_DECISION} ON CONFLICT (id) DO UPDATE SET verdict = 'allow'",
    "UPDATE audit_entry SET actor = 'b' WHERE seq = 1",
    "UPDATE audit_entry SET actor = 'b' WHERE seq IS NULL",
    "UPDATE audit_entry SET actor = 'b', seq = 3, previous_hash = 'x', hash = 'y' WHERE seq IS NULL",
    "UPDATE audit_entry SET hash = 'forged' WHERE seq = 2",
    "UPDATE audit_entry SET seq = NULL, previous_hash = NULL, hash = NULL WHERE seq = 2",
    "UPDATE audit_entry SET seq = seq + 10 WHERE seq = 2",
    "DELETE FROM audit_entry WHERE seq = 2",
    "DELETE FROM audit_entry WHERE seq IS NULL",
    "UPDATE ledger_entry SET size = 1",
    "DELETE FROM ledger_entry",
]
ON_SQLITE = [
    f"INSERT OR REPLACE INTO decision {COPY_DECISION}",
    f"REPLACE INTO decision {COPY_DECISION}",
    "UPDATE OR REPLACE decision SET id = 'dec_1' WHERE id = 'dec_2'",
    "INSERT OR REPLACE INTO audit_entry SELECT id, 'b', act, subject, detail, at_ms, seq, previous_hash, hash FROM audit_entry",
    "INSERT OR REPLACE INTO audit_entry (id, actor, act, subject, detail, at_ms, seq) VALUES (99, 'b', 'x', 's', '{}', 1, 2)",
    "INSERT OR REPLACE INTO ledger_entry SELECT sha256, 'rel_x', generation_id, 1, manifest_label, policy_revision, "
    "decision_ids, mark_revision, created_ms FROM ledger_entry",
]
ON_POSTGRESQL = [f"TRUNCATE {table}" for table in ("decision", "audit_entry", "ledger_entry")]


def attempt(database: Database, statement: str) -> None:
    """Run it by hand."""
    with database.transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("statement", TAMPERING)
def test_no_statement_changes_what_is_on_record(database: Database, statement: str) -> None:
    refuses(database, statement)


@pytest.mark.parametrize("statement", ON_SQLITE)
def test_sqlites_own_ways_to_replace_a_row_are_refused(sqlite_database: Database, statement: str) -> None:
    refuses(sqlite_database, statement)


@pytest.mark.integration
@pytest.mark.parametrize("statement", ON_POSTGRESQL)
def test_postgresqls_way_to_empty_a_table_is_refused(postgres_database: Database, statement: str) -> None:
    refuses(postgres_database, statement)


def refuses(database: Database, statement: str) -> None:
    """It raises, and every row is as it was."""
    two_of_each(database)
    before = contents(database)
    with pytest.raises(DBAPIError, match="append-only"):
        attempt(database, statement)
    assert contents(database) == before


def test_an_act_is_sealed_once_and_new_rows_go_in(database: Database) -> None:
    two_of_each(database)
    with database.transaction() as session:
        assert seal_pending(session) == 1
        session.add(decision("dec_3"))
    with database.read() as session:
        assert verify_chain(session).sealed == 3
        assert len(session.exec(select(Decision)).all()) == 3


def test_who_lifts_the_guards_is_found_out_by_the_chain(database: Database) -> None:
    two_of_each(database)

    def tamper(session: Session) -> None:
        lift_guards(session, "audit_entry")
        session.execute(text("UPDATE audit_entry SET actor = 'b' WHERE seq = 2"))

    with database.transaction() as session:
        tamper(session)
    with database.read() as session:
        assert verify_chain(session).broken_at == 2
