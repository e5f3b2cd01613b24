"""The outbox and its relay: events leave with their transaction, in order, one relay at a time, and none is forgotten."""

import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlmodel import Session

from moderation.bus import dead_letters, relay
from moderation.bus.log import NewRecord, PublishFailed
from moderation.bus.outbox import enqueue, enqueue_raw
from moderation.bus.relay import Relay
from moderation.bus.sql import SqlLog
from moderation.messages import decode
from moderation.store import Database, now_ms
from tests.support.bus import AT_ONCE, CASES, case, count, until


class Sink(SqlLog):
    """A log that keeps what it is given, and fails as told."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.got: list[str] = []
        self.failure: PublishFailed | None = None

    def publish(self, records: Sequence[NewRecord]) -> None:
        bad = {*self.failure.rejected, *self.failure.unacknowledged} if self.failure else set()
        self.got += [record.event_id for record in records if record.event_id not in bad]
        if self.failure and bad & {record.event_id for record in records}:
            raise self.failure


@pytest.fixture
def sink(database: Database) -> Sink:
    return Sink(database)


def put(database: Database, *event_ids: str) -> None:
    with database.transaction() as session:
        for event_id in event_ids:
            enqueue(session, case("case_1"), event_id=event_id, at_ms=now_ms(session))


def waiting(database: Database) -> int:
    with database.read() as session:
        return relay.lag(session)[0]


def carrier(database: Database, sink: Sink, **more: float) -> Relay:
    return Relay(database, sink, backoff=AT_ONCE, **more)  # type: ignore[arg-type]  # only floats are passed


def test_an_event_is_enqueued_as_an_envelope_under_its_topic_and_key(database: Database) -> None:
    with database.transaction() as session:
        enqueue(session, case("case_7"), event_id="evt_1", at_ms=1_700_000_000_123)
    with database.read() as session:
        (row,) = relay.unsent(session, 10)
    assert (row.topic, row.key, row.event_id) == (CASES, "case_7", "evt_1")
    envelope = decode(row.value)
    assert (envelope.id, envelope.open()) == ("evt_1", case("case_7"))
    assert int(envelope.time.timestamp() * 1000) == 1_700_000_000_123


def test_a_log_that_takes_nothing_at_all_leaves_everything_waiting(database: Database, sink: Sink) -> None:
    put(database, "a", "b")
    sink.failure = PublishFailed("the log is away", unacknowledged=["a", "b"])
    carry = carrier(database, sink)
    with pytest.raises(PublishFailed, match="away"):
        carry.run_once()
    assert waiting(database) == 2
    sink.failure = None
    assert carry.run_once() == 2
    assert sink.got == ["a", "b"]


def test_events_leave_in_the_order_of_their_rows_and_once(database: Database, sink: Sink) -> None:
    put(database, "a", "b")
    put(database, "c")
    carry = carrier(database, sink)
    assert carry.run_once() == 3
    assert carry.run_once() == 0
    assert sink.got == ["a", "b", "c"]
    assert waiting(database) == 0


def test_an_event_of_a_transaction_that_rolled_back_never_leaves(database: Database, sink: Sink) -> None:
    with database.read() as session:
        enqueue(session, case("case_1"), event_id="never", at_ms=1)
        session.flush()
    assert carrier(database, sink).run_once() == 0


def test_batches_follow_each_other_until_all_is_sent(database: Database, sink: Sink) -> None:
    put(database, *(f"{n:02}" for n in range(25)))
    carry = Relay(database, sink, batch=10)
    assert [carry.run_once() for _ in range(4)] == [10, 10, 5, 0]
    assert sink.got == [f"{n:02}" for n in range(25)]


@pytest.mark.integration
def test_late_commit_outbox_row_with_a_lower_id_is_relayed_after_a_higher_one_was_sent(
    postgres_database: Database,
) -> None:
    sink = Sink(postgres_database)
    carry = carrier(postgres_database, sink)
    with Session(postgres_database.engine) as late, late.begin():
        enqueue(late, case("case_1"), event_id="late", at_ms=1)
        late.flush()  # it has its id now
        put(postgres_database, "early")
        assert carry.run_once() == 1
        assert sink.got == ["early"]
    with postgres_database.read() as session:
        ids = session.execute(text("SELECT event_id FROM outbox ORDER BY id")).scalars().all()
    assert ids == ["late", "early"], "the late one has the lower id"
    assert carry.run_once() == 1
    assert sink.got == ["early", "late"]


def test_what_was_not_acknowledged_is_sent_again_and_the_rest_is_not(database: Database, sink: Sink) -> None:
    put(database, "a", "b", "c")
    sink.failure = PublishFailed("broker away", unacknowledged=["b"])
    carry = carrier(database, sink)
    with pytest.raises(PublishFailed):
        carry.run_once()
    assert waiting(database) == 1
    sink.failure = None
    assert carry.run_once() == 1
    assert sink.got == ["a", "c", "b"]


def test_what_the_log_refuses_is_parked_and_the_rest_goes_on(database: Database, sink: Sink) -> None:
    put(database, "a", "too_big", "c")
    sink.failure = PublishFailed("too large", rejected=["too_big"])
    assert carrier(database, sink).run_once() == 3
    assert sink.got == ["a", "c"]
    with database.read() as session:
        (dead,) = dead_letters.list_open(session)
    assert (dead.group, dead.topic, dead.event_id, dead.error) == ("relay", CASES, "too_big", "too large")
    assert waiting(database) == 0


def test_a_refused_record_is_replayed_through_the_outbox(database: Database, sink: Sink) -> None:
    put(database, "refused")
    sink.failure = PublishFailed("no permission", rejected=["refused"])
    carry = carrier(database, sink)
    carry.run_once()
    sink.failure = None
    with database.transaction() as session:
        (dead,) = dead_letters.list_open(session)
        dead_letters.replay(session, dead.id, now_ms=now_ms(session))
    assert carry.run_once() == 1
    assert sink.got == ["refused"]


def test_a_notice_for_a_missing_dead_letter_topic_is_dropped_not_parked_again(
    database: Database, sink: Sink
) -> None:
    with database.transaction() as session:
        enqueue_raw(session, NewRecord(f"{CASES}.dlq", "k", "dead_1", b"{}"), at_ms=1)
    sink.failure = PublishFailed("no topic", rejected=["dead_1"])
    assert carrier(database, sink).run_once() == 1
    assert count(database, "dead_letter") == 0
    assert waiting(database) == 0


def test_only_the_relay_that_holds_the_lease_works_and_the_next_takes_over_when_it_falls_silent(
    database: Database, sink: Sink
) -> None:
    first, second = carrier(database, sink, lease_s=0.3), carrier(database, sink, lease_s=0.3)
    put(database, "a")
    assert first.run_once() == 1
    put(database, "b")
    assert second.run_once() == 0
    assert until(lambda: second.run_once() == 1, 5)
    put(database, "c")
    assert sink.got == ["a", "b"]


def test_a_running_relay_is_woken_by_a_commit_of_its_process_and_hands_the_lease_on_at_the_end(
    database: Database, sink: Sink
) -> None:
    stop = threading.Event()
    runner = threading.Thread(target=carrier(database, sink, poll_s=30).run, args=(stop,))
    runner.start()
    put(database, "a")
    assert until(lambda: sink.got == ["a"], 5), "it polls every 30 s: only the bell can have woken it"
    stop.set()
    put(database, "b")
    runner.join()
    next_relay = carrier(database, sink)
    next_relay.run_once()
    assert sorted(sink.got) == ["a", "b"]


def test_a_relay_that_fails_goes_on_trying(database: Database, sink: Sink) -> None:
    put(database, "a")
    sink.failure = PublishFailed("broker away", unacknowledged=["a"])
    stop = threading.Event()
    runner = threading.Thread(target=carrier(database, sink, poll_s=0.01).run, args=(stop,))
    runner.start()
    with suppress(AssertionError):
        assert not until(lambda: waiting(database) == 0, 0.3)
    sink.failure = None
    assert until(lambda: waiting(database) == 0, 10)
    stop.set()
    runner.join()


def test_the_lag_is_the_number_of_unsent_rows_and_the_age_of_the_oldest(
    database: Database, sink: Sink
) -> None:
    with database.transaction() as session:
        now = now_ms(session)
        enqueue(session, case("k"), event_id="old", at_ms=now - 5000)
        enqueue(session, case("k"), event_id="new", at_ms=now)
    with database.read() as session:
        rows, age_ms = relay.lag(session)
    assert rows == 2
    assert 5000 <= age_ms < 15_000
    carrier(database, sink).run_once()
    with database.read() as session:
        assert relay.lag(session) == (0, 0)


def test_purging_removes_only_what_was_sent(database: Database, sink: Sink) -> None:
    put(database, "a", "b")
    sink.failure = PublishFailed("away", unacknowledged=["b"])
    with pytest.raises(PublishFailed):
        carrier(database, sink).run_once()
    with database.transaction() as session:
        assert relay.purge_sent(session, before_ms=2**50) == 1
    assert waiting(database) == 1
