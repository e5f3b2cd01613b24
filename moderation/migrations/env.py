"""Alembic's entry: runs revisions on the connection that `Database.upgrade` opened, whose transaction it is."""

from alembic import context
from sqlmodel import SQLModel

from moderation.tables import load_tables

load_tables()
connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
