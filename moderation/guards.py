"""Rows that the database itself refuses to change: what was decided and what was done is not rewritten, whoever connects.

A program that connects as the service may insert and nothing else; only who may change the schema can lift the guard.
SQLite's migrations copy a table to alter it, which drops its triggers: such a migration must make them anew (a test compares).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import DDL, event
from sqlmodel import SQLModel

Guard = Mapping[str, tuple[str, ...]]


def append_only(
    table: str, *, keys: Sequence[str], fixed: Sequence[str] = (), once: Sequence[str] = ()
) -> Guard:
    """Statements by dialect that make `table` refuse UPDATE, DELETE, TRUNCATE and SQLite's REPLACE.

    `keys`: its unique columns. `once`: columns that one UPDATE may set while they are all NULL, provided it leaves every column
    of `fixed` as it is; without them no UPDATE passes.
    """
    unset = [f"OLD.{column} IS NULL" for column in once]
    kept = [f"NEW.{column} = OLD.{column}" for column in fixed]
    when = f" WHEN (NOT ({' AND '.join((*unset, *kept))}))" if once else ""
    return {
        "sqlite": _sqlite(table, keys, when),
        "postgresql": _postgresql(table, when),
    }


def guard_table(model: type[SQLModel], guard: Guard) -> None:
    """Have `create_all` run the statements; a migration must run them itself."""
    table = model.metadata.tables[str(model.__tablename__)]
    for dialect, statements in guard.items():
        for statement in statements:
            ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def _sqlite(table: str, keys: Sequence[str], when: str) -> tuple[str, ...]:
    """REPLACE deletes without a trigger (https://www.sqlite.org/lang_conflict.html), so it is met as the insert it is."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    there = f"SELECT 1 FROM {table} WHERE {' OR '.join(f'{key} = NEW.{key}' for key in keys)}"  # noqa: S608  # our own names
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}{when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({there}) {refuse}",
    )


def _postgresql(table: str, when: str) -> tuple[str, ...]:
    refuse = f"EXECUTE FUNCTION {table}_refuse()"
    return (
        f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger AS "
        f"'BEGIN RAISE EXCEPTION ''{table} is append-only'' USING ERRCODE = ''restrict_violation''; END' LANGUAGE plpgsql",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW{when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    )


DECISIONS: Final = append_only("decision", keys=("id",))
"""A decision never changes."""

ACTS: Final = append_only(
    "audit_entry",
    keys=("id", "seq"),
    fixed=("id", "actor", "act", "subject", "detail", "at_ms"),
    once=("seq", "previous_hash", "hash"),
)
"""An act of the audit log is sealed once, and otherwise never changes."""

POLICY_CHANGES: Final = append_only("policy_change", keys=("id",))
"""How a policy came to rule never changes."""
