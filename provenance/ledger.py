"""The ledger of releases: which bytes we let out, under which decisions. It only ever grows.

Rows are added in the caller's transaction. Changing or deleting one is refused three times over: for mapped objects, for
statements built with SQLAlchemy, and in the database itself by a trigger.
"""

from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import DDL, JSON, BigInteger, Column, Connection, Delete, Engine, Update, event
from sqlalchemy.orm import Mapper
from sqlmodel import Field, Session, SQLModel, select

from provenance.errors import LedgerError
from provenance.proof import Proof


class LedgerEntry(SQLModel, table=True):
    """One release: the sha256 of the whole file names it, whatever its credential says."""

    __tablename__ = "ledger_entry"

    sha256: str = Field(primary_key=True, max_length=64, description="Of the whole file, 64 hex digits.")
    release_id: str = Field(unique=True, index=True)
    generation_id: str = Field(index=True)
    size: int = Field(sa_type=BigInteger, description="Bytes.")
    manifest_label: str = Field(index=True, description="The credential's own id, urn:c2pa:….")
    policy_revision: str
    decision_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    mark_revision: str
    created_ms: int = Field(sa_type=BigInteger, description="Milliseconds since the epoch, UTC.")


Key = Literal["sha256", "release_id"]
Find = Callable[[Key, str], LedgerEntry | None]
"""Looks a release up by one of its names."""


def entry_of(proof: Proof, *, created_ms: int) -> LedgerEntry:
    """The row for a proven release; it is not recorded yet."""
    release = proof.release
    return LedgerEntry(
        sha256=proof.sha256,
        release_id=release.release_id,
        generation_id=release.generation_id,
        size=proof.size,
        manifest_label=proof.manifest_label,
        policy_revision=release.policy_revision,
        decision_ids=list(release.decision_ids),
        mark_revision=release.mark_revision,
        created_ms=created_ms,
    )


def record(session: Session, entry: LedgerEntry) -> None:
    """Add a release. Raises `LedgerError` when its file or its id is there already. The caller commits."""
    if by_sha256(session, entry.sha256) or by_release_id(session, entry.release_id):
        raise LedgerError(
            "ledger.exists",
            f"release_id {entry.release_id} or its file {entry.sha256[:12]}… is in the ledger already; a release is "
            "recorded once",
        )
    session.add(entry)
    session.flush()


def by_sha256(session: Session, sha256: str) -> LedgerEntry | None:
    """The release of exactly these bytes."""
    return session.exec(select(LedgerEntry).where(LedgerEntry.sha256 == sha256)).one_or_none()


def by_release_id(session: Session, release_id: str) -> LedgerEntry | None:
    """The release of this id."""
    return session.exec(select(LedgerEntry).where(LedgerEntry.release_id == release_id)).one_or_none()


def find_in(session: Session) -> Find:
    """A lookup bound to `session`, as `lookup.verify_file` takes it."""

    def find(key: Key, value: str) -> LedgerEntry | None:
        return by_sha256(session, value) if key == "sha256" else by_release_id(session, value)

    return find


APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry "
        "BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END",
        "CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry "
        "BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION ledger_entry_refuse() RETURNS trigger AS "
        "'BEGIN RAISE EXCEPTION ''ledger_entry is append-only''; END' LANGUAGE plpgsql",
        "CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry "
        "FOR EACH ROW EXECUTE FUNCTION ledger_entry_refuse()",
    ),
}
"""Statements per dialect that make the database refuse. `create_all` runs them; a migration must run them itself."""

AGAINST_REPLACING = {
    "sqlite": (
        "CREATE TRIGGER ledger_entry_no_replace BEFORE INSERT ON ledger_entry WHEN EXISTS "
        "(SELECT 1 FROM ledger_entry WHERE sha256 = NEW.sha256 OR release_id = NEW.release_id) "
        "BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END",
    ),
    "postgresql": (
        "CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_refuse()",
    ),
}
"""The ways round those: SQLite's REPLACE deletes without a trigger, and TRUNCATE touches no row."""


def _refuse() -> LedgerError:
    return LedgerError(
        "ledger.append_only", "ledger_entry: rows are never changed or deleted; add a new release"
    )


def _refuse_row(_mapper: Mapper[Any], _connection: Connection, _entry: LedgerEntry) -> None:
    raise _refuse()


def _refuse_statement(_connection: Connection, statement: Any, *_rest: Any) -> None:
    # by name: statements made from the mapped class hold an annotated copy of the table
    if isinstance(statement, Update | Delete):
        name = getattr(statement.table, "description", None)
        if name == LedgerEntry.__tablename__:
            raise _refuse()


def _statement(text: str) -> DDL:
    return DDL(text.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped


def _guard() -> None:
    event.listen(LedgerEntry, "before_update", _refuse_row)
    event.listen(LedgerEntry, "before_delete", _refuse_row)
    event.listen(Engine, "before_execute", _refuse_statement)
    table = LedgerEntry.metadata.tables[LedgerEntry.__tablename__]
    for dialect, statements in APPEND_ONLY.items():
        for statement in (*statements, *AGAINST_REPLACING[dialect]):
            event.listen(table, "after_create", _statement(statement).execute_if(dialect=dialect))


_guard()
