"""The database's clock is set back by hours: what was leased or put off before must not wait until it has caught up."""

from sqlalchemy import update
from sqlmodel import select

from moderation.bus.jobs import JobRow
from moderation.bus.leases import NamedLease, NamedLeaseRow
from moderation.bus.log import Partition, TopicSpec
from moderation.bus.sql import SqlLog
from moderation.bus.sql_tables import MemberRow
from moderation.store import Database
from tests.support.bus import until
from tests.support.jobs import Handler, add, claim, note, noted, pool

HOURS_MS = 3 * 3600 * 1000


def set_back(database: Database) -> None:
    """As if the clock had been three hours ahead when all this was written."""
    with database.transaction() as session:
        lease, due = JobRow.lease_until_ms + HOURS_MS, JobRow.run_after_ms + HOURS_MS
        session.execute(update(JobRow).values(lease_until_ms=lease, run_after_ms=due))
        session.execute(update(NamedLeaseRow).values(until_ms=NamedLeaseRow.until_ms + HOURS_MS))
        session.execute(update(MemberRow).values(lease_until_ms=MemberRow.lease_until_ms + HOURS_MS))


def test_a_job_whose_holder_died_before_is_taken_over(database: Database) -> None:
    add(database)
    (lost,) = claim(database, lease_ms=1_000)
    set_back(database)
    (found,) = claim(database, lease_ms=1_000, holder="other")
    assert (found.id, found.token > lost.token) == (lost.id, True)


def test_a_job_that_waited_is_due(database: Database) -> None:
    add(database)
    set_back(database)
    assert pool(database, Handler(lambda job, lease: note("done"))).run_once() == 1
    assert noted(database) == ["done"]


def test_a_named_lease_whose_holder_died_before_goes_to_the_next(database: Database) -> None:
    assert NamedLease(database, "relay", ttl_s=1).held() is not None
    set_back(database)
    assert NamedLease(database, "relay", ttl_s=1).held() is not None


def test_a_member_that_died_before_leaves_its_partitions_to_the_others(database: Database) -> None:
    log = SqlLog(database, session_s=0.3, poll_s=0.02)
    log.ensure_topics([TopicSpec("t", 4)])
    log.consumer(["t"], "g").newly_assigned()
    set_back(database)
    other = log.consumer(["t"], "g")
    whole = {Partition("t", number) for number in range(4)}
    assert until(lambda: (other.newly_assigned(), other.assignment() == whole)[1], 5)
    with database.read() as session:
        assert len(session.exec(select(MemberRow)).all()) == 1
