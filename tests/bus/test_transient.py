"""What passes by itself is waited out; what does not counts against the message or job."""

import errno
import sqlite3

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from moderation.bus.transient import is_transient
from moderation.store import Database, DatabaseUnusable
from provenance.errors import StampFailed


def sqlite_error(name: str) -> OperationalError:
    original = sqlite3.OperationalError(name)
    original.sqlite_errorname = name
    return OperationalError("SELECT 1", {}, original)


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    "error",
    [
        sqlite_error("SQLITE_BUSY"),
        sqlite_error("SQLITE_BUSY_SNAPSHOT"),
        sqlite_error("SQLITE_IOERR_WRITE"),
        sqlite_error("SQLITE_FULL"),
        OperationalError("SELECT 1", {}, psycopg.errors.DeadlockDetected()),
        OperationalError("SELECT 1", {}, psycopg.errors.AdminShutdown()),
        OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused")),
        DBAPIError("SELECT 1", {}, psycopg.errors.IdleInTransactionSessionTimeout()),
        DBAPIError("SELECT 1", {}, Exception("gone"), connection_invalidated=True),
        PoolTimeout("no connection free"),
        DatabaseUnusable("store.unreachable", "no answer"),
        OSError(errno.ENOSPC, "No space left on device"),
        caused(StampFailed("stamp.source", "no room"), OSError(errno.EDQUOT, "Disk quota exceeded")),
    ],
    ids=lambda error: f"{type(error).__name__}-{getattr(error, 'orig', '')}"[:60],
)
def test_an_outage_a_lock_and_a_full_disk_pass_by_themselves(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        sqlite_error("SQLITE_ERROR"),
        ProgrammingError("SELECT 1", {}, psycopg.errors.UndefinedTable()),
        IntegrityError("INSERT", {}, psycopg.errors.UniqueViolation()),
        ValueError("a bug"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        TimeoutError("of a model, not of the database"),
    ],
    ids=lambda error: f"{type(error).__name__}-{getattr(error, 'orig', '')}"[:60],
)
def test_a_bug_and_a_broken_rule_do_not(error: Exception) -> None:
    assert not is_transient(error)


def test_a_missing_table_is_a_bug_on_both_databases(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.read() as session:
        session.execute(text("SELECT * FROM no_such_table"))
    assert not is_transient(caught.value)
