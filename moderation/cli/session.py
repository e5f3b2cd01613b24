"""The application for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from moderation.bootstrap import Application
from moderation.settings import Settings, read_settings


@contextmanager
def application(settings: Settings | None = None) -> Iterator[Application]:
    """Build what the command needs, and close it."""
    app = Application(settings or read_settings())
    try:
        yield app
    finally:
        app.close()


OPERATOR = "operator"
"""Who acts, in the audit log, when a command on this machine acts: whoever may read the database's own files."""
