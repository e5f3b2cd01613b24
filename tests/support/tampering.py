"""Somebody who owns the database: they lift the guards before they tamper, which takes the right to change the schema."""

from sqlalchemy import text
from sqlmodel import Session


def lift_guards(session: Session, table: str) -> None:
    """Take the triggers off the table for as long as this database lives."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    named = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
    for name in session.execute(named, {"table": table}).scalars().all():
        session.execute(text(f"DROP TRIGGER {name}"))
