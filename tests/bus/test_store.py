"""The database: what commits, what rolls back, whose clock it is, and what it says when it cannot be used."""

import threading
from collections.abc import Callable
from pathlib import Path
from time import sleep, time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from moderation.bells import ring_after_commit
from moderation.bus.transient import is_transient
from moderation.servers.postgres import PostgresServer
from moderation.store import Database, DatabaseUnusable, now_ms


def _table(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE thing (name TEXT PRIMARY KEY)"))


def _names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.execute(text("SELECT name FROM thing ORDER BY name")).scalars())


def _insert(database: Database, name: str) -> None:
    with database.transaction() as session:
        session.execute(text("INSERT INTO thing VALUES (:name)"), {"name": name})


def _fail_after(database: Database, act: Callable[[Session], object]) -> None:
    with database.transaction() as session:
        act(session)
        raise KeyError("stop")


def test_a_transaction_commits_when_its_block_ends(database: Database) -> None:
    _table(database)
    _insert(database, "kept")
    assert _names(database) == ["kept"]


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    _table(database)
    with pytest.raises(KeyError):
        _fail_after(database, lambda session: session.execute(text("INSERT INTO thing VALUES ('lost')")))
    assert _names(database) == []


def test_a_read_session_changes_nothing(database: Database) -> None:
    _table(database)
    with database.read() as session:
        session.execute(text("INSERT INTO thing VALUES ('lost')"))
    assert _names(database) == []


def test_the_clock_is_the_databases_in_milliseconds_and_moves_within_a_transaction(
    database: Database,
) -> None:
    with database.transaction() as session:
        first = now_ms(session)
        sleep(0.02)
        second = now_ms(session)
    assert abs(first / 1000 - time()) < 5
    assert 15 <= second - first < 5000


def test_sqlite_writers_take_turns_so_what_was_read_still_holds_at_commit(sqlite_database: Database) -> None:
    _table(sqlite_database)

    def add_next() -> None:
        for _ in range(20):
            with sqlite_database.transaction() as session:
                count = session.execute(text("SELECT count(*) FROM thing")).scalar_one()
                session.execute(text("INSERT INTO thing VALUES (:name)"), {"name": f"{count:04}"})

    threads = [threading.Thread(target=add_next) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _names(sqlite_database) == [f"{n:04}" for n in range(80)]


def test_sqlite_reads_go_on_beside_an_open_write(sqlite_database: Database) -> None:
    _table(sqlite_database)
    with sqlite_database.transaction() as session:
        session.execute(text("INSERT INTO thing VALUES ('not yet')"))
        assert _names(sqlite_database) == []


def test_sqlite_keeps_foreign_keys_and_syncs_every_commit(sqlite_database: Database) -> None:
    with sqlite_database.read() as session:
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert session.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_a_bell_rings_after_the_commit_and_not_after_a_rollback(sqlite_database: Database) -> None:
    bells = sqlite_database.bells
    with sqlite_database.transaction() as session:
        ring_after_commit(session, "work")
        assert not bells.wait(["work"], seen=0, timeout_s=0)
    assert bells.wait(["work"], seen=0, timeout_s=0)
    with pytest.raises(KeyError):
        _fail_after(sqlite_database, lambda session: ring_after_commit(session, "work"))
    assert bells.count(["work"]) == 1


def test_replicas_that_start_together_upgrade_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    _upgrade_at_once(url)
    with Database(url).read() as session:
        assert session.execute(text("SELECT count(*) FROM job")).scalar_one() == 0


@pytest.mark.integration
def test_replicas_that_start_together_upgrade_postgresql_once(postgres_server: PostgresServer) -> None:
    name = postgres_server.create_database()
    _upgrade_at_once(postgres_server.url(name))
    postgres_server.drop_database(name)


def _upgrade_at_once(url: str) -> None:
    failures: list[BaseException] = []

    def upgrade() -> None:
        database = Database(url)
        try:
            database.upgrade()
            database.upgrade()
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.integration
def test_postgresql_ends_a_transaction_that_a_frozen_process_holds_open(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.store.IDLE_IN_TRANSACTION_MS", 200)
    name = postgres_server.create_database()
    frozen, other = (Database(postgres_server.url(name)) for _ in range(2))
    _table(frozen)
    _insert(frozen, "row")

    def hold() -> None:
        with frozen.transaction() as session:
            session.execute(text("SELECT * FROM thing FOR UPDATE"))
            sleep(0.6)
            with other.transaction() as second:
                second.execute(text("UPDATE thing SET name = 'taken over'"))
            session.execute(text("UPDATE thing SET name = 'too late'"))

    with pytest.raises(DBAPIError, match="idle-in-transaction") as caught:
        hold()
    assert is_transient(caught.value)
    assert _names(frozen) == ["taken over"], "the pool gave a new connection"
    for database in (frozen, other):
        database.close()
    postgres_server.drop_database(name)


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("not a url", "store.bad_url", "write sqlite:///FILE or postgresql+psycopg://"),
        ("mysql://u:secret@h/x", "store.unsupported", "mysql://u:***@h/x is not supported"),
        ("sqlite://", "store.unsupported", "a file: threads share it"),
        ("sqlite:///:memory:", "store.unsupported", "a file: threads share it"),
    ],
)
def test_an_unusable_url_is_refused_with_the_remedy_and_without_the_password(
    url: str, code: str, says: str
) -> None:
    with pytest.raises(DatabaseUnusable, match="database_url") as caught:
        Database(url)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_ping_names_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="does not answer") as caught:
        Database(f"sqlite:///{tmp_path}/no/such/folder/x.db").ping()
    assert caught.value.code == "store.unreachable"


@pytest.mark.integration
def test_ping_names_a_server_that_is_not_there_without_its_password() -> None:
    with pytest.raises(DatabaseUnusable, match="does not answer") as caught:
        Database("postgresql://user:secret@127.0.0.1:1/x").ping()
    assert "secret" not in str(caught.value)
