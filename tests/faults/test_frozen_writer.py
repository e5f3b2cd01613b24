"""A process frozen inside a write of SQLite holds the one write lock: the others wait for so long, and then lose nothing."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from moderation.accounts.models import Account, Role
from moderation.bus.transient import is_transient
from moderation.generation.state import State
from moderation.generation.submit import receive
from moderation.store import Database, now_ms
from moderation.workers import WORKERS
from tests.support.api import assert_problem, make_world
from tests.support.conveyor import Conveyor, conveyor
from tests.support.service import StubApplication, app_on, ask

pytestmark = pytest.mark.integration
PATIENCE_MS = 200
WRITER = """
import sys
from moderation.accounts.models import Account
from moderation.generation.submit import receive
from moderation.store import Database, now_ms
from moderation.workers import WORKERS
with Database(sys.argv[1]).transaction() as session:
    session.add(Account(id="acct_of_the_frozen", under_18=False, created_ms=1))
    session.flush()
    print("holding", flush=True)
    sys.stdin.readline()
"""


class Writer:
    """Another process, in the middle of a transaction."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "holding\n"
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It wakes, and commits."""
        self.process.send_signal(signal.SIGCONT)
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def close(self) -> None:
        """Whatever has become of it."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def patient(sqlite_database: Database) -> Iterator[Database]:
    """The database as a process sees it that waits a fifth of a second."""
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    made = Database(url, busy_timeout_ms=PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def writer(sqlite_database: Database) -> Iterator[Writer]:
    """Frozen while it holds the write lock."""
    made = Writer(sqlite_database.engine.url.render_as_string(hide_password=False))
    yield made
    made.close()


def accounts(database: Database) -> list[str]:
    """Their ids."""
    with database.read() as session:
        return list(session.exec(select(Account.id)))


def write(database: Database, name: str) -> None:
    """Make an account."""

    def add(session: Session) -> None:
        session.add(Account(id=name, under_18=False, created_ms=1))

    with database.transaction() as session:
        add(session)


def test_writers_fail_in_bounded_time_with_a_transient_error_and_go_on_after_the_thaw(
    patient: Database, writer: Writer
) -> None:
    with pytest.raises(OperationalError) as raised:
        write(patient, "acct_late")
    assert is_transient(raised.value)
    assert accounts(patient) == []
    writer.thaw()
    write(patient, "acct_late")
    assert sorted(accounts(patient)) == ["acct_late", "acct_of_the_frozen"]


def test_the_surface_says_that_nothing_was_done(sqlite_database: Database, patient: Database) -> None:
    with make_world(patient).client as client:
        world = make_world(patient)
        headers = world.key(Role.PIPELINE)
        frozen = Writer(sqlite_database.engine.url.render_as_string(hide_password=False))
        try:
            body = {"account_id": "acct_pipeline", "prompt": "a lighthouse", "wait_s": 0}
            answer = client.post("/v1/generations", json=body, headers=headers)
            assert_problem(answer, 503, "store.unreachable")
            frozen.thaw()
            assert client.post("/v1/generations", json=body, headers=headers).status_code in {200, 201, 202}
        finally:
            frozen.close()


@pytest.fixture
def service(
    sqlite_database: Database, patient: Database, tmp_path: Path
) -> Iterator[tuple[StubApplication, Conveyor]]:
    """A service on the patient connections, and its request gate."""
    for app in app_on(sqlite_database, tmp_path / "home"):
        app.__dict__["database"] = patient
        with conveyor(app, *(name for name in WORKERS if name != "request-gate")) as line:
            yield app, line


def test_a_request_waits_unjudged_and_is_judged_after_the_thaw(
    service: tuple[StubApplication, Conveyor], sqlite_database: Database
) -> None:
    app, line = service
    request = ask()
    with app.database.transaction() as session:
        receive(session, request, now_ms=now_ms(session))
    frozen = Writer(sqlite_database.engine.url.render_as_string(hide_password=False))
    try:
        with pytest.raises(OperationalError) as raised:
            line.round()
        assert is_transient(raised.value)
        assert line.states()[request.generation_id] == State.REQUESTED.value
        frozen.thaw()
        line.settle([request.generation_id], State.APPROVED)
    finally:
        frozen.close()


def test_by_default_a_writer_waits_half_a_minute(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000
