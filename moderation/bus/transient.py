"""Which errors pass by themselves: a database or an object store that is away, a full disk. These are waited out, never held
against the message or job that met them."""

import errno

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from moderation.asset_files import AssetStoreError
from moderation.store import DatabaseUnusable

# SQLSTATE classes: connection, rolled back (deadlock), resources, shutdown; lock not available, idle in a transaction
_POSTGRESQL = ("08", "40", "53", "57", "55P03", "25P03")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})  # disk, quota, open files
_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_FULL")


def is_transient(error: BaseException) -> bool:
    """True for a lost connection, a lock that did not come, a deadlock's victim, a full disk, an exhausted pool, and for what was
    raised from one of these."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__
    return any(_passes(one) for one in causes)


def _passes(error: BaseException) -> bool:
    if isinstance(error, (PoolTimeout, DatabaseUnusable, AssetStoreError)):
        return True
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError) and error.errno in _FULL
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(_POSTGRESQL)
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return str(name).startswith(_SQLITE)
    return isinstance(error, OperationalError)
