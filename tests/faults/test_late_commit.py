"""An outbox row with a lower id that commits after a higher one was relayed."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlmodel import col, select

from moderation.accounts.directory import ensure_account
from moderation.bus.outbox import OutboxRow
from moderation.generation.state import State
from moderation.service import prepare
from moderation.store import Database, now_ms
from tests.support.conveyor import conveyor
from tests.support.service import ACCOUNT, StubApplication, ask, send, settings_of

REQUESTS = "generation.requests"


@pytest.fixture(
    params=[
        pytest.param("sql", marks=pytest.mark.integration, id="embedded_log"),
        pytest.param("kafka", marks=pytest.mark.integration, id="kafka"),
    ]
)
def on_postgres(
    request: pytest.FixtureRequest, postgres_database: Database, tmp_path: Path
) -> Iterator[StubApplication]:
    """A service on PostgreSQL, with either event log."""
    more = {}
    if request.param == "kafka":
        broker = request.getfixturevalue("kafka_server")
        more = {"kafka_bootstrap": broker.bootstrap, "topic_prefix": f"l{secrets.token_hex(4)}."}
    app = StubApplication(settings_of(postgres_database, tmp_path / "home", **more))
    try:
        prepare(app)
        yield app
    finally:
        app.close()


def requests_sent(database: Database) -> list[tuple[str, bool]]:
    """(generation id, whether relayed) of each request's row, in the order of the rows' ids."""
    with database.read() as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.topic == REQUESTS).order_by(col(OutboxRow.id)))
        return [(row.key, row.sent_ms is not None) for row in rows]


def test_late_commit_outbox_row_below_one_already_relayed_is_relayed_and_judged(
    on_postgres: StubApplication,
) -> None:
    database = on_postgres.database
    early, late = ask("taken first, committed last"), ask("taken last, committed first")
    with database.transaction() as session:
        ensure_account(session, ACCOUNT, actor="test", now_ms=now_ms(session))
    with conveyor(on_postgres, "generator") as line:
        with ExitStack() as open_transaction:
            slow = open_transaction.enter_context(database.transaction())
            send(slow, early)
            slow.flush()  # its id is taken here; nobody sees the row before the commit
            with database.transaction() as quick:
                send(quick, late)
            line.settle([late.generation_id], State.APPROVED)
            assert requests_sent(database) == [(late.generation_id, True)]
        assert requests_sent(database) == [(early.generation_id, False), (late.generation_id, True)]
        line.settle([early.generation_id], State.APPROVED)
    assert requests_sent(database) == [(early.generation_id, True), (late.generation_id, True)]


def test_late_commit_outbox_rows_cannot_happen_on_sqlite_because_writers_are_serial(
    sqlite_database: Database,
) -> None:
    first, second = ask("the first writer"), ask("the second writer")
    committed: dict[str, float] = {}
    writing = threading.Event()

    def write_second() -> None:
        writing.wait()
        with sqlite_database.transaction() as session:
            send(session, second)
        committed["second"] = monotonic()

    thread = threading.Thread(target=write_second)
    thread.start()
    with sqlite_database.transaction() as session:
        send(session, first)
        session.flush()
        writing.set()
        sleep(0.3)
        assert "second" not in committed
    committed["first"] = monotonic()
    thread.join()
    assert [key for key, _ in requests_sent(sqlite_database)] == [first.generation_id, second.generation_id]
