"""The consumer: each message once in effect, poison parked, the rest undisturbed, back-pressure and draining."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from moderation.bus import dead_letters, positions
from moderation.bus.consumer import ConsumerLoop
from moderation.bus.jobs import insert_job
from moderation.bus.log import NewRecord, Record
from moderation.bus.subscription import BackPressure, Subscription
from moderation.messages import Message, MessageError
from moderation.store import now_ms
from tests.bus.conftest import Transport
from tests.support.bus import AT_ONCE, CASES, case, count, note, note_message, noted, record_of, until


def loop(
    transport: Transport, handle: Callable[[Session, Message, Record], None] = note_message, **more: Any
) -> ConsumerLoop:
    options = {name: more.pop(name) for name in ("batch", "attempts") if name in more}
    subscription = Subscription((CASES,), "gate", handle, **more)
    return member(transport, subscription, **options)


def member(transport: Transport, subscription: Subscription, **options: Any) -> ConsumerLoop:
    made = ConsumerLoop(transport.database, transport.log, subscription, backoff=AT_ONCE, **options)
    transport.closing.callback(made.close)
    return made


def consume(consumer: ConsumerLoop, done: Callable[[], bool]) -> None:
    """Run until `done`, and twice more to see that nothing follows."""
    assert until(lambda: consumer.run_once(0.1) >= 0 and done())
    consumer.run_once(0.05)
    consumer.run_once(0.05)


def test_every_message_is_handled_once_and_in_order_per_key(transport: Transport) -> None:
    transport.log.publish([record_of(case(f"case_{n % 5}"), f"evt_{n:02}") for n in range(50)])
    consumer = loop(transport)
    consume(consumer, lambda: len(noted(transport.database, "handled")) >= 50)
    handled = noted(transport.database, "handled")
    assert sorted(handled) == [f"evt_{n:02}" for n in range(50)]
    for key in range(5):
        own = [name for name in handled if int(name[4:]) % 5 == key]
        assert own == sorted(own)


def test_a_batch_of_a_partition_is_one_transaction(transport: Transport) -> None:
    transactions: list[Session] = []

    def handle(session: Session, message: Message, record: Record) -> None:
        transactions.append(session)
        note_message(session, message, record)

    transport.log.publish([record_of(case("case_1"), f"evt_{n}") for n in range(30)])
    consumer = loop(transport, handle)
    consume(consumer, lambda: len(noted(transport.database, "handled")) >= 30)
    assert len({id(session) for session in transactions}) <= 3


def test_an_event_that_comes_twice_takes_effect_once(transport: Transport) -> None:
    one = record_of(case("case_1"), "evt_1")
    transport.log.publish([one, one])
    transport.log.publish([one, record_of(case("case_1"), "evt_2")])
    consumer = loop(transport)
    consume(consumer, lambda: "evt_2" in noted(transport.database, "handled"))
    assert noted(transport.database, "handled") == ["evt_1", "evt_2"]


def test_the_id_in_the_envelope_counts_when_the_header_is_missing(transport: Transport) -> None:
    good = record_of(case("case_1"), "evt_1")
    transport.log.publish([NewRecord(good.topic, good.key, "", good.value), good])
    consumer = loop(transport)
    consume(consumer, lambda: noted(transport.database, "handled") != [])
    assert noted(transport.database, "handled") == ["evt_1"]


def test_a_new_member_goes_on_where_the_database_says_whatever_the_broker_says(transport: Transport) -> None:
    transport.log.publish([record_of(case("case_1"), f"evt_{n}") for n in range(5)])
    first = loop(transport)
    consume(first, lambda: len(noted(transport.database, "handled")) == 5)
    first.close()
    with transport.database.transaction() as session:
        session.execute(text("DELETE FROM seen_event"))
        session.execute(text("UPDATE consumer_position SET next_offset = 3 WHERE next_offset = 5"))
    second = loop(transport)
    consume(second, lambda: len(noted(transport.database, "handled")) == 7)
    assert noted(transport.database, "handled")[5:] == ["evt_3", "evt_4"]


def test_two_groups_each_get_every_message(transport: Transport) -> None:
    transport.log.publish([record_of(case("case_1"), "evt_1")])
    for group in ("a", "b"):
        handle = lambda s, m, r, group=group: note(s, group, r.event_id)  # noqa: E731 - a handler of one line reads best here
        consumer = member(transport, Subscription((CASES,), group, handle))
        consume(consumer, lambda group=group: noted(transport.database, group) == ["evt_1"])  # type: ignore[misc]  # default


def test_a_handler_that_fails_for_a_while_is_tried_again_and_nothing_is_parked(transport: Transport) -> None:
    failures = iter([RuntimeError("busy")] * 3)

    def handle(session: Session, message: Message, record: Record) -> None:
        note_message(session, message, record)
        if record.event_id == "evt_2" and (error := next(failures, None)):
            raise error

    transport.log.publish([record_of(case("case_1"), f"evt_{n}") for n in range(5)])
    consumer = loop(transport, handle)
    consume(consumer, lambda: len(noted(transport.database, "handled")) == 5)
    assert noted(transport.database, "handled") == [f"evt_{n}" for n in range(5)]
    assert count(transport.database, "dead_letter") == 0


def test_a_poison_message_is_parked_with_its_error_and_the_partition_moves_on(transport: Transport) -> None:
    tries: list[str] = []

    def handle(session: Session, message: Message, record: Record) -> None:
        note_message(session, message, record)
        if record.event_id == "evt_2":
            tries.append(record.event_id)
            raise RuntimeError("model fell over")

    def on_parked(session: Session, record: Record, error: BaseException) -> None:
        note(session, "held", f"{record.key}: {error}")

    transport.log.publish([record_of(case("case_1"), f"evt_{n}") for n in range(5)])
    consumer = loop(transport, handle, on_parked=on_parked, attempts=3)
    consume(consumer, lambda: "evt_4" in noted(transport.database, "handled"))
    assert noted(transport.database, "handled") == ["evt_0", "evt_1", "evt_3", "evt_4"]
    assert noted(transport.database, "held") == ["case_1: model fell over"]
    assert len(tries) == 1 + 3, "once in the batch, then three times alone"
    with transport.database.read() as session:
        (dead,) = dead_letters.list_open(session)
    assert (dead.topic, dead.group, dead.key, dead.event_id) == (CASES, "gate", "case_1", "evt_2")
    assert (dead.code, dead.error, dead.tries) == ("RuntimeError", "model fell over", 3)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"\xff\xfe", "message.invalid_utf8"),
        (b"{", "message.invalid_json"),
        (b'{"id": "a", "id": "b"}', "message.duplicate_key"),
        (b"{}", "message.invalid_envelope"),
    ],
)
def test_what_is_no_message_is_parked_at_once_without_retries(
    transport: Transport, value: bytes, code: str
) -> None:
    parked: list[str] = []
    transport.log.publish([
        NewRecord(CASES, "k", "", value),
        record_of(case("k"), "evt_1"),
    ])  # fmt: skip
    consumer = loop(transport, on_parked=lambda session, record, error: parked.append(record.event_id))
    consume(consumer, lambda: noted(transport.database, "handled") == ["evt_1"])
    with transport.database.read() as session:
        (dead,) = dead_letters.list_open(session)
    assert (dead.code, dead.tries) == (code, 1)
    assert parked == [dead.event_id]
    assert dead.event_id.startswith(CASES), "a record without an id is known by its place"


def test_an_event_of_a_future_version_is_parked_by_name(transport: Transport) -> None:
    future = record_of(case("k"), "evt_1")
    transport.log.publish([NewRecord(CASES, "k", "evt_1", future.value.replace(b".v1", b".v9"))])
    consumer = loop(transport)
    consume(consumer, lambda: count(transport.database, "dead_letter") == 1)
    with transport.database.read() as session:
        (dead,) = dead_letters.list_open(session)
    assert dead.code == "message.future_version"
    assert "upgrade this worker, then replay" in dead.error


def test_a_handler_that_refuses_a_message_parks_it_without_retries(transport: Transport) -> None:
    calls: list[str] = []

    def handle(session: Session, message: Message, record: Record) -> None:
        calls.append(record.event_id)
        raise MessageError("message.not_for_us", "case_id: unknown; create the case first")

    transport.log.publish([record_of(case("k"), "evt_1")])
    consumer = loop(transport, handle, attempts=5)
    consume(consumer, lambda: count(transport.database, "dead_letter") == 1)
    assert len(calls) <= 2


def test_a_parked_message_is_replayed_to_the_group_that_parked_it_and_dropped_by_the_others(
    transport: Transport,
) -> None:
    broken = [True]

    def handle(session: Session, message: Message, record: Record) -> None:
        if broken[0]:
            raise RuntimeError("not yet")
        note_message(session, message, record)

    transport.log.publish([record_of(case("case_1"), "evt_1")])
    failing = loop(transport, handle, attempts=1)
    other = ConsumerLoop(
        transport.database,
        transport.log,
        Subscription((CASES,), "audit", lambda s, m, r: note(s, "audited", r.event_id)),
    )
    consume(failing, lambda: count(transport.database, "dead_letter") == 1)
    consume(other, lambda: noted(transport.database, "audited") == ["evt_1"])
    broken[0] = False
    with transport.database.transaction() as session:
        (dead,) = dead_letters.list_open(session)
        dead_letters.replay(session, dead.id, now_ms=now_ms(session))
    with transport.database.read() as session:
        replayed = session.execute(
            text("SELECT topic, key, event_id, value FROM outbox WHERE event_id = 'evt_1'")
        ).one()
    transport.log.publish([NewRecord(replayed[0], replayed[1], replayed[2], bytes(replayed[3]))])
    consume(failing, lambda: noted(transport.database, "handled") == ["evt_1"])
    other.run_once(0.3)
    other.run_once(0.3)
    assert noted(transport.database, "audited") == ["evt_1"]
    with transport.database.read() as session:
        assert dead_letters.list_open(session) == ()


def test_a_parking_hook_that_fails_is_tried_and_then_left_out_so_the_partition_moves_on(
    transport: Transport,
) -> None:
    def handle(session: Session, message: Message, record: Record) -> None:
        if record.event_id == "evt_1":
            raise RuntimeError("poison")
        note_message(session, message, record)

    def on_parked(session: Session, record: Record, error: BaseException) -> None:
        raise ValueError("the hook is broken too")

    transport.log.publish([record_of(case("k"), "evt_1"), record_of(case("k"), "evt_2")])
    consumer = loop(transport, handle, on_parked=on_parked, attempts=2)
    consume(consumer, lambda: noted(transport.database, "handled") == ["evt_2"])
    assert count(transport.database, "dead_letter") == 1


def test_a_database_that_does_not_answer_parks_nothing(transport: Transport) -> None:
    outages = iter([OperationalError("insert", {}, Exception("server closed the connection"))] * 20)

    def handle(session: Session, message: Message, record: Record) -> None:
        if error := next(outages, None):
            raise error
        note_message(session, message, record)

    transport.log.publish([record_of(case("k"), f"evt_{n}") for n in range(3)])
    consumer = loop(transport, handle, attempts=2)
    consume(consumer, lambda: len(noted(transport.database, "handled")) == 3)
    assert count(transport.database, "dead_letter") == 0


def test_a_full_queue_pauses_the_consumer_until_it_has_drained(transport: Transport) -> None:
    with transport.database.transaction() as session:
        for n in range(6):
            insert_job(session, kind="judge", subject_id=f"g{n}", payload={}, now_ms=1, dedupe_key=None)
    transport.log.publish([record_of(case("k"), "evt_1")])
    consumer = loop(transport, back_pressure=BackPressure(("judge",), high=5, low=2))
    assert until(lambda: consumer.run_once(0.3) == 0 and consumer.paused)
    for _ in range(4):
        consumer.run_once(0.3)
    assert noted(transport.database, "handled") == []
    with transport.database.transaction() as session:
        session.execute(text("UPDATE job SET state = 'done' WHERE kind = 'judge'"))
    consume(consumer, lambda: noted(transport.database, "handled") == ["evt_1"])
    assert not consumer.paused


def test_two_members_share_the_work_and_nothing_is_done_twice(transport: Transport) -> None:
    stop = threading.Event()
    members = [loop(transport, batch=10) for _ in range(2)]
    threads = [threading.Thread(target=member.run, args=(stop,)) for member in members]
    for thread in threads:
        thread.start()
    for start in range(0, 200, 20):
        transport.log.publish([record_of(case(f"case_{n}"), f"evt_{n:03}") for n in range(start, start + 20)])
    assert until(lambda: len(noted(transport.database, "handled")) >= 200)
    stop.set()
    for thread in threads:
        thread.join()
    assert sorted(noted(transport.database, "handled")) == [f"evt_{n:03}" for n in range(200)]


def test_a_stop_ends_the_retries_of_a_poison_message_and_leaves_it_for_the_next(transport: Transport) -> None:
    stop = threading.Event()

    def handle(session: Session, message: Message, record: Record) -> None:
        stop.set()
        raise RuntimeError("no")

    transport.log.publish([record_of(case("k"), "evt_1")])
    loop(transport, handle, attempts=10_000).run(stop)
    assert count(transport.database, "dead_letter") == 0
    successor = loop(transport)
    consume(successor, lambda: noted(transport.database, "handled") == ["evt_1"])


def test_a_position_moves_only_from_where_it_was_expected(transport: Transport) -> None:
    with transport.database.transaction() as session:
        assert positions.position(session, "g", CASES, "topic-id", 0) == 0
        positions.move(session, "g", "topic-id", 0, expected=0, to=5, now_ms=1)
    with (
        pytest.raises(positions.StalePosition, match="not at 0"),
        transport.database.transaction() as session,
    ):
        positions.move(session, "g", "topic-id", 0, expected=0, to=9, now_ms=1)
    with transport.database.transaction() as session:
        assert positions.position(session, "g", CASES, "topic-id", 0) == 5
        assert positions.position(session, "g", CASES, "another-id", 0) == 0, (
            "a topic made anew is read from its start"
        )
        assert positions.position(session, "h", CASES, "topic-id", 0) == 0
