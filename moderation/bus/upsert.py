"""`INSERT … ON CONFLICT DO NOTHING`, which SQLite and PostgreSQL spell alike and SQLAlchemy does not."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Insert = sqlite.Insert | postgresql.Insert


def insert_or_ignore(session: Session, table: type[SQLModel]) -> Insert:
    """An insert into `table` that leaves an existing row as it is."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
