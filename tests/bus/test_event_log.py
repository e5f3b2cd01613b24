"""The contract of the event log, kept by the embedded log on SQLite and on PostgreSQL, and by Kafka."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep

import pytest

from moderation.bus import sql
from moderation.bus.kafka import KafkaLog
from moderation.bus.log import (
    MAX_RECORD_BYTES,
    EventLog,
    LogConsumer,
    NewRecord,
    Partition,
    PublishFailed,
    Record,
    TopicSpec,
    TopicUnknown,
)
from moderation.bus.sql import SqlLog

AnyLog = SqlLog | KafkaLog


def new(key: str, text: str, topic: str = "things") -> NewRecord:
    return NewRecord(topic=topic, key=key, event_id=f"evt_{key}_{text}", value=text.encode())


def make(event_log: EventLog, *names: str, partitions: int = 4, compacted: bool = False) -> None:
    event_log.ensure_topics([TopicSpec(name, partitions, compacted) for name in names or ("things",)])


@contextmanager
def consumer(
    event_log: EventLog, topics: Sequence[str] = ("things",), group: str = "readers"
) -> Iterator[LogConsumer]:
    made = event_log.consumer(topics, group)
    try:
        yield made
    finally:
        made.close()


def step(reader: LogConsumer, timeout_s: float = 0.3, max_records: int = 500) -> list[Record]:
    """Poll once, taking up new partitions at their beginning."""
    for partition in reader.newly_assigned():
        reader.seek(partition, 0)
    return [record for records in reader.poll(timeout_s, max_records).values() for record in records]


def drain(reader: LogConsumer, count: int, within_s: float = 20, max_records: int = 500) -> list[Record]:
    """Poll until `count` records came; then once more, to see that no more come."""
    got: list[Record] = []
    deadline = monotonic() + within_s
    while len(got) < count and monotonic() < deadline:
        got += step(reader, max_records=max_records)
    return got + step(reader, 0.2)


def until(condition: Callable[[], bool], within_s: float = 20) -> bool:
    deadline = monotonic() + within_s
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(0.02)
    return True


def test_what_is_published_is_read_with_key_id_and_bytes(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([NewRecord("things", "gen_ä", "evt_1", b"\x00\xff bytes")])
    with consumer(event_log) as reader:
        (record,) = drain(reader, 1)
    assert (record.key, record.event_id, record.value) == ("gen_ä", "evt_1", b"\x00\xff bytes")
    assert (record.partition.topic, record.offset) == ("things", 0)


def test_records_of_one_key_share_a_partition_and_keep_their_order(event_log: AnyLog) -> None:
    make(event_log)
    for start in range(0, 100, 20):
        event_log.publish([new(f"k{n % 7}", f"{n:03}") for n in range(start, start + 20)])
    with consumer(event_log) as reader:
        records = drain(reader, 100)
    assert len(records) == 100
    by_key: dict[str, list[Record]] = {}
    for record in records:
        by_key.setdefault(record.key, []).append(record)
    for key, lane in by_key.items():
        assert len({record.partition for record in lane}) == 1, key
        assert [record.value for record in lane] == sorted(record.value for record in lane)
        assert [record.offset for record in lane] == sorted({record.offset for record in lane})
    assert len({record.partition for record in records}) > 1


def test_offsets_are_dense_from_zero_and_the_end_is_the_next_one(event_log: AnyLog) -> None:
    make(event_log, partitions=1)
    with consumer(event_log) as reader:
        assert until(lambda: step(reader, 0.1) == [] and len(reader.assignment()) == 1)
        assert reader.end_offsets() == {Partition("things", 0): 0}
        event_log.publish([new("k", str(n)) for n in range(5)])
        assert [record.offset for record in drain(reader, 5)] == [0, 1, 2, 3, 4]
        assert reader.end_offsets() == {Partition("things", 0): 5}


def test_a_poll_gives_no_more_records_than_asked_for_and_loses_none(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new(f"k{n}", str(n)) for n in range(60)])
    with consumer(event_log) as reader:
        got: list[Record] = []
        deadline = monotonic() + 20
        while len(got) < 60 and monotonic() < deadline:
            some = step(reader, max_records=7)
            assert len(some) <= 7
            got += some
    assert sorted(int(record.value) for record in got) == list(range(60))


def test_a_seek_reads_from_there_back_or_forth(event_log: AnyLog) -> None:
    make(event_log, partitions=1)
    event_log.publish([new("k", str(n)) for n in range(10)])
    lane = Partition("things", 0)
    with consumer(event_log) as reader:
        assert len(drain(reader, 10)) == 10
        reader.seek(lane, 7)
        assert [record.offset for record in drain(reader, 3)] == [7, 8, 9]
        reader.seek(lane, 2)
        assert [record.offset for record in drain(reader, 8)] == list(range(2, 10))


def test_nothing_is_read_from_a_partition_before_it_was_handed_out(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new("k", "1")])
    with consumer(event_log) as reader:
        assert until(lambda: not reader.poll(0.1, 10) and len(reader.assignment()) == 4)
        assert reader.poll(0.5, 10) == {}
        assert reader.newly_assigned() == {Partition("things", number) for number in range(4)}
        assert reader.newly_assigned() == frozenset()
        assert len(drain(reader, 1)) == 1


def test_an_empty_poll_comes_back_in_time(event_log: AnyLog) -> None:
    make(event_log)
    with consumer(event_log) as reader:
        assert until(lambda: step(reader, 0.1) == [] and len(reader.assignment()) == 4)
        step(reader)
        began = monotonic()
        assert step(reader, 0.4) == []
        assert 0.3 < monotonic() - began < 3


def test_a_waiting_reader_is_woken_by_a_record(event_log: AnyLog) -> None:
    make(event_log)
    with consumer(event_log) as reader:
        assert until(lambda: step(reader, 0.1) == [] and len(reader.assignment()) == 4)
        step(reader)
        threading.Timer(0.2, lambda: event_log.publish([new("k", "1")])).start()
        began = monotonic()
        assert len(step(reader, 10)) == 1
        assert monotonic() - began < 5


def test_a_group_shares_the_partitions_and_a_member_that_leaves_hands_its_own_on(event_log: AnyLog) -> None:
    make(event_log)
    with consumer(event_log) as first:
        assert until(lambda: step(first, 0.1) == [] and len(first.assignment()) == 4)
        with consumer(event_log) as second:

            def halved() -> bool:
                assert step(first, 0.1) + step(second, 0.1) == []
                return len(first.assignment()) == len(second.assignment()) == 2

            assert until(halved)
            assert not first.assignment() & second.assignment()
            event_log.publish([new(f"k{n}", str(n)) for n in range(40)])
            one, two = drain(first, 1, 5), drain(second, 1, 5)
            assert {r.partition for r in one} <= first.assignment()
            assert {r.partition for r in two} <= second.assignment()
            assert sorted(int(r.value) for r in one + two) == list(range(40))
        assert until(lambda: step(first, 0.1) is not None and len(first.assignment()) == 4)


def test_groups_read_independently(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new("k", "1")])
    with consumer(event_log, group="a") as one, consumer(event_log, group="b") as two:
        assert len(drain(one, 1)) == len(drain(two, 1)) == 1


def test_a_member_may_read_several_topics(event_log: AnyLog) -> None:
    make(event_log, "things", "others")
    event_log.publish([new("k", "1"), new("k", "2", topic="others")])
    with consumer(event_log, topics=("things", "others")) as reader:
        assert {record.partition.topic for record in drain(reader, 2)} == {"things", "others"}


def test_a_paused_member_reads_nothing_stays_a_member_and_misses_nothing(event_log: AnyLog) -> None:
    make(event_log)
    with consumer(event_log) as reader:
        event_log.publish([new(f"k{n}", str(n)) for n in range(20)])
        assert len(drain(reader, 20)) == 20
        reader.pause_all()
        event_log.publish([new(f"k{n}", str(n)) for n in range(20, 60)])
        began = monotonic()
        while monotonic() - began < 2:  # longer than the session
            assert step(reader, 0.1) == []
        assert len(reader.assignment()) == 4
        reader.resume_all()
        assert sorted(int(r.value) for r in drain(reader, 40)) == list(range(20, 60))


def test_reporting_a_position_never_raises(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new("k", "1")])
    with consumer(event_log) as reader:
        (record,) = drain(reader, 1)
        reader.report_position({record.partition: 1, Partition("no.such.topic", 9): 7})
        event_log.publish([new("k", "2")])
        assert len(drain(reader, 1)) == 1


def test_creating_topics_again_changes_nothing(event_log: AnyLog) -> None:
    make(event_log, partitions=2)
    before = event_log.topic_id("things")
    event_log.publish([new("k", "1")])
    make(event_log, partitions=8)
    assert event_log.topic_id("things") == before
    with consumer(event_log) as reader:
        assert len(drain(reader, 1)) == 1
        assert len(reader.assignment()) == 2


def test_a_topic_made_anew_has_another_id(event_log: AnyLog) -> None:
    make(event_log)
    before = event_log.topic_id("things")
    if isinstance(event_log, SqlLog):
        with event_log.database.transaction() as session:
            sql.delete_topic(session, "things")
    else:
        event_log.delete_topic("things")

    def made() -> bool:
        make(event_log)
        return event_log.topic_id("things") != before

    assert until(made)


def test_an_unknown_topic_has_no_id(event_log: AnyLog) -> None:
    with pytest.raises(TopicUnknown, match="'nowhere' does not exist"):
        event_log.topic_id("nowhere")


def test_a_record_for_a_topic_that_does_not_exist_is_rejected_and_the_others_arrive(
    event_log: AnyLog,
) -> None:
    make(event_log)
    with pytest.raises(PublishFailed) as caught:
        event_log.publish([new("k", "1"), new("k", "lost", topic="nowhere"), new("k", "2")])
    assert caught.value.rejected == ("evt_k_lost",)
    assert caught.value.unacknowledged == ()
    with consumer(event_log) as reader:
        assert [record.value for record in drain(reader, 2)] == [b"1", b"2"]


def test_a_record_over_the_limit_is_rejected_and_the_others_and_later_ones_arrive(event_log: AnyLog) -> None:
    make(event_log)
    big = NewRecord("things", "k", "evt_big", b"x" * MAX_RECORD_BYTES)
    with pytest.raises(PublishFailed, match="1000000 bytes") as caught:
        event_log.publish([new("k", "1"), big, new("k", "2")])
    assert caught.value.rejected == ("evt_big",)
    event_log.publish([new("k", "3")])
    with consumer(event_log) as reader:
        assert [record.value for record in drain(reader, 3)] == [b"1", b"2", b"3"]


def test_a_record_at_the_limit_arrives(event_log: AnyLog) -> None:
    make(event_log)
    value = b"x" * (MAX_RECORD_BYTES - len("k") - len("evt_1"))
    event_log.publish([NewRecord("things", "k", "evt_1", value)])
    with consumer(event_log) as reader:
        assert [len(record.value) for record in drain(reader, 1)] == [len(value)]


def test_publishing_nothing_is_fine(event_log: AnyLog) -> None:
    event_log.publish([])


def test_many_publishers_lose_nothing_and_no_offset_is_used_twice(event_log: AnyLog) -> None:
    make(event_log)

    def publish(writer: int) -> None:
        for n in range(25):
            event_log.publish([new(f"w{writer}", f"{writer}.{n:02}"), new("shared", f"{writer}.{n:02}s")])

    writers = [threading.Thread(target=publish, args=(writer,)) for writer in range(4)]
    for thread in writers:
        thread.start()
    with consumer(event_log) as reader:
        records = drain(reader, 200)
    for thread in writers:
        thread.join()
    assert len({(record.partition, record.offset) for record in records}) == len(records) == 200
    for writer in range(4):
        own = [record.value for record in records if record.key == f"w{writer}"]
        assert own == sorted(own)


def test_the_log_answers_a_ping(event_log: AnyLog) -> None:
    event_log.ping()
