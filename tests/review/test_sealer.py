"""The sealer: one at a time by lease, within a second of the act, and handing over when it stops."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from moderation.store import Database
from moderation.transparency.audit import record, unsealed_count, verify_chain
from moderation.transparency.sealer import Sealer


def _act(database: Database, number: int) -> None:
    with database.transaction() as session:
        record(session, actor="a", act="thing.done", subject=f"thing_{number}", detail={}, at_ms=number)


@contextmanager
def _running(sealer: Sealer) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=sealer.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def _wait_until_sealed(database: Database, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with database.read() as session:
            if unsealed_count(session) == 0:
                return True
        time.sleep(0.01)
    return False


def test_an_act_is_sealed_within_a_second(database: Database) -> None:
    with _running(Sealer(database)):
        for number in range(3):
            _act(database, number)
            assert _wait_until_sealed(database, 1.0)
    with database.read() as session:
        assert verify_chain(session).sealed == 3


def test_a_second_sealer_waits_for_the_lease(database: Database) -> None:
    first, second = Sealer(database), Sealer(database)
    _act(database, 1)
    assert first.run_once() == 1
    _act(database, 2)
    assert second.run_once() == 0
    assert first.run_once() == 1


def test_a_sealer_that_stops_hands_the_lease_on(database: Database) -> None:
    with _running(Sealer(database)):
        _act(database, 1)
        assert _wait_until_sealed(database, 2.0)
    _act(database, 2)
    assert Sealer(database).run_once() == 1


def test_a_sealer_survives_a_database_that_fails_for_a_moment(sqlite_database: Database) -> None:
    sealer = Sealer(sqlite_database)
    sound = sealer.run_once
    failures = iter([RuntimeError("gone away")])
    seen: list[str] = []

    def fail_once() -> int:
        for error in failures:
            raise error
        if sealer.problem:
            seen.append(sealer.problem)
        return sound()

    sealer.run_once = fail_once  # type: ignore[method-assign] # the fault under test
    with _running(sealer):
        _act(sqlite_database, 1)
        assert _wait_until_sealed(sqlite_database, 4.0)
    assert seen == ["RuntimeError"]
    assert sealer.problem is None
