"""The SQL statements that a piece of work takes, one for many rows counted once; and tables emptied between two tries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from moderation.store import Database


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements executed on `database` meanwhile, by whichever thread."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def emptied(database: Database, *tables: str) -> None:
    """Without the rows of these tables."""
    with database.transaction() as session:
        for table in tables:
            session.execute(text(f"DELETE FROM {table}"))
