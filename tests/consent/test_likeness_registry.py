"""The registry version and the row locks: what makes one of two simultaneous acts the first; on SQLite and PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session

from consent.likeness.models import Likeness
from consent.likeness.registry import (
    bump_registry,
    bumped_here,
    lock_likenesses,
    lock_registry,
    registry_version,
)
from consent.likeness.revocation import revoke
from consent.likeness.rulings import evaluate_use
from moderation.store import Database
from tests.support.people import People


def version(database: Database) -> int:
    with database.read() as session:
        return registry_version(session)


def test_the_version_starts_at_zero_and_grows_by_one(database: Database) -> None:
    assert version(database) == 0
    with database.transaction() as session:
        assert bump_registry(session) == 1
        assert bump_registry(session) == 2
    assert version(database) == 2


def test_locking_the_registry_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        assert lock_registry(session) == 0
    with database.transaction() as session:
        bump_registry(session)
        assert lock_registry(session) == 1
    assert version(database) == 1


def test_a_rolled_back_version_is_given_to_the_next_change(database: Database) -> None:
    with database.engine.connect() as connection, Session(connection) as session:
        assert bump_registry(session) == 1
        session.rollback()
    assert version(database) == 0
    with database.transaction() as session:
        assert bump_registry(session) == 1


def test_a_session_knows_of_its_own_uncommitted_version_until_it_ends(database: Database) -> None:
    with database.engine.connect() as connection, Session(connection) as session:
        assert not bumped_here(session)
        bump_registry(session)
        assert bumped_here(session)
        session.commit()
        assert not bumped_here(session)
        bump_registry(session)
        session.rollback()
        assert not bumped_here(session)


def test_simultaneous_changes_get_different_versions(database: Database) -> None:
    def change(_: int) -> int:
        with database.transaction() as session:
            return bump_registry(session)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(change, range(12))) == list(range(1, 13))
    assert version(database) == 12


def test_rows_are_locked_in_id_order_once_each_and_missing_ones_are_left_out(
    database: Database, people: People
) -> None:
    for person in (3, 1, 2):
        with database.transaction() as session:
            people.enrol(session, person)
    with database.transaction() as session:
        rows = lock_likenesses(session, ["likeness_3", "nobody", "likeness_1", "likeness_3"])
        assert [row.id for row in rows] == ["likeness_1", "likeness_3"]
        assert lock_likenesses(session, []) == ()


@pytest.mark.integration
def test_a_locked_row_is_read_anew_and_not_from_the_sessions_memory(
    postgres_database: Database, people: People
) -> None:
    """Within one transaction: what it read before it had the lock may be old by the time it gets it."""
    with postgres_database.transaction() as session:
        people.enrol(session, 1)
    with postgres_database.transaction() as session:
        before = session.get_one(Likeness, "likeness_1")
        assert before.state == "active"
        with postgres_database.transaction() as other:
            revoke(other, "likeness_1", now_ms=2_000, actor="account_1")
        (locked,) = lock_likenesses(session, ["likeness_1"])
        assert locked is before
        assert locked.state == "revoked"


def test_a_revocation_waits_for_a_release_that_holds_the_lock_and_the_next_release_sees_it(
    database: Database, people: People
) -> None:
    """A release locks, rules and commits; a revocation started meanwhile commits after it, never in its middle."""
    with database.transaction() as session:
        people.enrol(session, 1)
    order: list[str] = []
    started = threading.Event()

    def revoke_it() -> None:
        started.set()
        with database.transaction() as session:
            revoke(session, "likeness_1", now_ms=2_000, actor="account_1")
            order.append("revoked")

    revoking = threading.Thread(target=revoke_it)
    with database.transaction() as session:
        lock_likenesses(session, ["likeness_1"])
        revoking.start()
        assert started.wait(10)
        revoking.join(0.3)
        assert revoking.is_alive()
        order.append("released")
    revoking.join(30)
    assert order == ["released", "revoked"]
    with database.transaction() as session:
        lock_likenesses(session, ["likeness_1"])
        ruling = evaluate_use(
            session, handle_or_id="likeness_1", account_id="account_1", purpose="video", now_ms=3_000
        )
        assert ruling.code == "likeness.revoked"


def test_two_acts_on_two_likenesses_in_opposite_order_do_not_deadlock(
    database: Database, people: People
) -> None:
    for person in (1, 2):
        with database.transaction() as session:
            people.enrol(session, person)

    def lock_both(ids: list[str]) -> int:
        with database.transaction() as session:
            return len(lock_likenesses(session, ids))

    orders = [["likeness_1", "likeness_2"], ["likeness_2", "likeness_1"]] * 6
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lock_both, orders)) == [2] * 12
