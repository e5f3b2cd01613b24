"""Named leases: one holder, a higher token for each next one, and nothing to be had by a stale one."""

from time import sleep

from moderation.bus import leases
from moderation.bus.leases import NamedLease
from moderation.store import Database
from tests.support.bus import until


def take(database: Database, holder: str, ttl_ms: int = 60_000) -> int | None:
    with database.transaction() as session:
        return leases.acquire(session, "sealer", holder=holder, ttl_ms=ttl_ms)


def current(database: Database, token: int) -> bool:
    with database.transaction() as session:
        return leases.is_current(session, "sealer", token)


def test_a_lease_has_one_holder_who_may_renew_it(database: Database) -> None:
    first = take(database, "a")
    assert first is not None
    assert take(database, "b") is None
    assert take(database, "a") == first


def test_an_expired_lease_goes_to_the_next_with_a_higher_token_and_the_old_token_is_stale(
    database: Database,
) -> None:
    first = take(database, "a", ttl_ms=50)
    assert first is not None
    assert current(database, first)
    sleep(0.1)
    second = take(database, "b")
    assert second is not None
    assert second > first
    assert not current(database, first)
    assert current(database, second)


def test_a_released_lease_is_free_at_once_and_a_stale_holder_cannot_release_it(database: Database) -> None:
    first = take(database, "a", ttl_ms=1)
    sleep(0.02)
    second = take(database, "b")
    assert first is not None
    assert second is not None
    with database.transaction() as session:
        leases.release(session, "sealer", token=first)
    assert take(database, "c") is None
    with database.transaction() as session:
        leases.release(session, "sealer", token=second)
    third = take(database, "c")
    assert third is not None
    assert third > second


def test_names_do_not_disturb_each_other(database: Database) -> None:
    assert NamedLease(database, "relay").held() is not None
    assert NamedLease(database, "sealer").held() is not None


def test_a_loop_keeps_its_lease_by_asking_and_another_gets_it_after_the_silence(database: Database) -> None:
    mine, other = NamedLease(database, "relay", ttl_s=0.4), NamedLease(database, "relay", ttl_s=0.4)
    token = mine.held()
    for _ in range(6):
        sleep(0.1)
        assert mine.held() == token
        assert other.held() is None
    assert until(lambda: other.held() is not None, 5)
    assert until(lambda: mine.held() is None, 5), "the frozen holder finds out when it asks again"


def test_a_lease_given_up_in_a_shutdown_is_taken_without_waiting(database: Database) -> None:
    mine, other = NamedLease(database, "relay"), NamedLease(database, "relay")
    assert mine.held() is not None
    assert other.held() is None
    mine.release()
    mine.release()
    assert NamedLease(database, "relay").held() is not None
