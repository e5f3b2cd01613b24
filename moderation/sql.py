"""The two statements that SQLAlchemy leaves to the dialects: insert unless there, and insert or add.

Both are single statements, so that they are right under concurrency on SQLite and on PostgreSQL (READ COMMITTED), where
a second writer of the same key waits for the first one's commit.
"""

from typing import Any

from sqlalchemy import CursorResult, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_new(session: Session, model: type[SQLModel], **values: Any) -> bool:
    """`INSERT … ON CONFLICT DO NOTHING`; True when the row is new, False when one with its key was there."""
    table = _table(model)
    statement: Insert
    if session.get_bind().dialect.name == "postgresql":
        statement = postgresql.insert(table).values(**values).on_conflict_do_nothing()
    else:
        statement = sqlite.insert(table).values(**values).on_conflict_do_nothing()
    return changed(session, statement) == 1


def changed(session: Session, statement: Any) -> int:
    """Execute an INSERT, UPDATE or DELETE; how many rows it changed."""
    result = session.execute(
        statement, execution_options={"preserve_rowcount": True}
    )  # else -1 for an INSERT
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


def add_and_read(session: Session, model: type[SQLModel], column: str, amount: int, **key: Any) -> int:
    """Insert the row `key` with `column = amount`, or add `amount` to the one that is there; its value afterwards."""
    table = _table(model)
    statement: Any
    if session.get_bind().dialect.name == "postgresql":
        statement = postgresql.insert(table).values(**key, **{column: amount})
    else:
        statement = sqlite.insert(table).values(**key, **{column: amount})
    statement = statement.on_conflict_do_update(
        index_elements=list(key), set_={column: table.c[column] + amount}
    ).returning(table.c[column])
    return int(session.execute(statement).scalar_one())


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined] # SQLModel types no table attribute
    return table
