"""`python -m moderation.migrations.make MESSAGE`: write a new revision for what the models have and the revisions have not.

Read what it wrote before you commit it: Alembic sees tables, columns and indexes, no triggers and no data.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from moderation.store import Database, alembic_config


def make(message: str) -> None:
    """Compare the models with a database at the newest revision, and write the difference as the next one."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        database.upgrade()
        with database.engine.begin() as connection:
            command.revision(alembic_config(connection), message=message, autogenerate=True)
        database.close()


if __name__ == "__main__":
    make(sys.argv[1])
