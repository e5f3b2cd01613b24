"""The database behind everything: one engine, short write transactions, and the only clock that grants are read by.

SQLite (embedded) begins every write with `BEGIN IMMEDIATE`, so that what a transaction read is still true when it
commits; PostgreSQL runs READ COMMITTED and callers lock the rows they decide on (`with_for_update`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import Session, SQLModel

from moderation.bells import Bells, bells_of
from moderation.tables import load_tables

BUSY_TIMEOUT_MS = 30_000
"""How long a writer of SQLite waits for the one write lock. A process frozen while it holds it (a debugger, a suspended machine)
is never ended by the database: after this the others fail with an error that is transient, judge nothing, and try again."""
MIGRATIONS = Path(__file__).parent / "migrations"
IDLE_IN_TRANSACTION_MS = (
    10_000  # no transaction spans inference: one idle so long is a frozen process holding locks
)
UPGRADE_LOCK = 0x5AFEC0DE  # any number of our own: pg_advisory_xact_lock key of `upgrade`

_NOW_MS = {
    "sqlite": "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
    "postgresql": "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)",
}


class DatabaseUnusable(Exception):
    """The database cannot be used: a URL we cannot read, a missing driver, or no answer. `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def now_ms(session: Session) -> int:
    """The database's clock, milliseconds since the epoch (UTC); it moves on within a transaction."""
    connection = session.connection()
    return int(connection.exec_driver_sql(_NOW_MS[connection.dialect.name]).scalar_one())


class Database:
    """A pooled database. Threads may share it; a session belongs to one thread.

    `url` is a SQLAlchemy URL, `sqlite:///FILE` or `postgresql+psycopg://…`. Raises `DatabaseUnusable` for any other.
    """

    def __init__(self, url: str, *, pool_size: int = 16, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self.shown_url, self.engine = _engine(url, pool_size, busy_timeout_ms)
        self.bells = Bells()
        self._writing = self.engine.execution_options(sqlite_begin="IMMEDIATE")

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises; a commit rings its bells."""
        with Session(self._writing, expire_on_commit=False) as session:
            with session.begin():
                yield session
            self.bells.ring(bells_of(session))

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever it wrote is rolled back. It takes no write lock."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def create_all(self) -> None:
        """Create every table from the models (tests and throw-away databases; else `upgrade`)."""
        load_tables()
        with self._writing.begin() as connection:
            SQLModel.metadata.create_all(connection)

    def upgrade(self) -> None:
        """Bring the schema to the newest revision, in one transaction; replicas that start together take turns."""
        load_tables()
        with self._writing.begin() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            command.upgrade(alembic_config(connection), "head")

    def ping(self) -> None:
        """Raises `DatabaseUnusable` when the database does not answer."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise DatabaseUnusable(
                "store.unreachable",
                f"database_url: {self.shown_url} does not answer ({reason}); is the server up and the folder writable?",
            ) from error

    def close(self) -> None:
        """Close the pooled connections; the object may be used again and reconnects."""
        self.engine.dispose()


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, found by package path; `connection` is the open transaction to migrate in."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _engine(text_url: str, pool_size: int, busy_timeout_ms: int) -> tuple[str, Engine]:
    try:
        url = make_url(text_url)
    except ArgumentError as error:
        raise DatabaseUnusable(
            "store.bad_url",
            "database_url: not a database URL; write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME",
        ) from error
    shown = url.render_as_string(hide_password=True)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername == "postgresql+psycopg":
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # errors must not carry ciphertext, keys or prompts
            isolation_level="READ COMMITTED",
            connect_args={"options": f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"},
        )
        event.listen(engine, "handle_error", _notice_ended_connection)
        return shown, engine
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        raise DatabaseUnusable(
            "store.unsupported",
            f"database_url: {shown} is not supported; write sqlite:///FILE (a file: threads share it) "
            "or postgresql+psycopg://USER@HOST/NAME",
        )
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"timeout": busy_timeout_ms / 1000},  # it sets SQLite's own busy timeout
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return shown, engine


def _notice_ended_connection(context: ExceptionContext) -> None:
    """The server ended this connection (shutdown, crash, idle in a transaction): the pool must not use it again."""
    state = getattr(context.original_exception, "sqlstate", None) or ""
    if state.startswith(
        ("08", "57P", "25P03")
    ):  # https://www.postgresql.org/docs/current/errcodes-appendix.html
        context.is_disconnect = True


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """WAL lets readers go on beside the writer; FULL makes a commit survive a power cut, not only a kill."""
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # a destroyed key must not linger in the free pages of the file
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")
