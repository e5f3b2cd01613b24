"""One small help with SQL: how many rows a bulk statement changed."""

from sqlalchemy import CursorResult, Delete, Update
from sqlmodel import Session


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE in the caller's transaction and return how many rows it touched."""
    result = session.execute(statement)
    assert isinstance(result, CursorResult), "a bulk statement answers with a cursor"
    return result.rowcount
