"""One PostgreSQL database for all tests, emptied between them: making one anew takes a hundred times as long.

A test that changed the schema, or left it unusable, costs a new one. Whoever is still connected is thrown out first, as by
dropping the database.
"""

from psycopg import Connection, Error, connect
from sqlmodel import SQLModel

from moderation.servers.postgres import PostgresServer
from moderation.store import Database

OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
TABLES = (
    "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
SEQUENCES = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
SCHEMA = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT relname || relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT attrelid::text || attname || atttypid::text || attnotnull::text FROM pg_attribute
        WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
) AS parts (part)
"""


class SharedPostgres:
    """Lends its database to one test at a time."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._name = ""
        self._schema: object = None
        self._known: frozenset[str] = frozenset()

    def lend(self) -> Database:
        """An empty database with the tables of every module imported so far."""
        tables = frozenset(SQLModel.metadata.tables)
        if not self._name or tables != self._known:
            self._replace(tables)
        return Database(self._server.url(self._name))

    def take_back(self, database: Database) -> None:
        """The test is over, however it went."""
        database.close()
        try:
            with self._connection() as connection:
                empty(connection)
                usable = _one(connection, SCHEMA) == self._schema
        except Error:
            usable = False
        if not usable:
            self._drop()

    def _replace(self, tables: frozenset[str]) -> None:
        if self._name:
            self._drop()
        self._name, self._known = self._server.create_database(), tables
        made = Database(self._server.url(self._name))
        made.create_all()
        made.close()
        with self._connection() as connection:
            self._schema = _one(connection, SCHEMA)

    def _drop(self) -> None:
        self._server.drop_database(self._name)
        self._name = ""

    def _connection(self) -> Connection[tuple[object, ...]]:
        return connect(self._server.url(self._name).replace("postgresql+psycopg", "postgresql"))


def empty(connection: Connection[tuple[object, ...]]) -> None:
    """Delete every row, past foreign keys and guards, and let every sequence begin anew."""
    connection.execute(OTHERS)
    connection.execute(
        "SET session_replication_role = replica"
    )  # no triggers: they refuse, or look things up
    tables = [str(name) for (name,) in connection.execute(TABLES)]
    connection.execute(";".join(f"DELETE FROM {name}" for name in tables).encode())
    connection.execute(SEQUENCES)


def _one(connection: Connection[tuple[object, ...]], query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
