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


class Reader:
    """A member that keeps its positions itself, as `bus.consumer` keeps them in the database: a rebalance, which may come at
    any time, repeats nothing."""

    def __init__(self, member: LogConsumer) -> None:
        self.member = member
        self.next: dict[Partition, int] = {}

    def seek(self, partition: Partition, offset: int) -> None:
        self.next[partition] = offset
        self.member.seek(partition, offset)

    def step(self, timeout_s: float = 0.3, max_records: int = 500) -> list[Record]:
        """Take up new partitions and poll once."""
        for partition in self.member.newly_assigned():
            self.seek(partition, self.next.get(partition, 0))
        got = [record for records in self.member.poll(timeout_s, max_records).values() for record in records]
        for record in got:
            assert record.offset >= self.next.get(record.partition, 0)
            self.next[record.partition] = record.offset + 1
        return got

    def drain(self, count: int, within_s: float = 30) -> list[Record]:
        """Poll until `count` records came; then once more, to see that no more come."""
        got: list[Record] = []
        deadline = monotonic() + within_s
        while len(got) < count and monotonic() < deadline:
            got += self.step()
        return got + self.step(0.2)

    def settle(self, partitions: int = 4) -> None:
        """Wait until this member holds so many partitions; there must be nothing to read."""
        assert until(lambda: self.step(0.1) == [] and len(self.member.assignment()) == partitions)
        assert self.step(0.1) == []


@contextmanager
def reading(
    event_log: EventLog, topics: Sequence[str] = ("things",), group: str = "readers"
) -> Iterator[Reader]:
    made = event_log.consumer(topics, group)
    try:
        yield Reader(made)
    finally:
        made.close()


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
    with reading(event_log) as reader:
        (record,) = reader.drain(1)
    assert (record.key, record.event_id, record.value) == ("gen_ä", "evt_1", b"\x00\xff bytes")
    assert (record.partition.topic, record.offset) == ("things", 0)


def test_records_of_one_key_share_a_partition_and_keep_their_order(event_log: AnyLog) -> None:
    make(event_log)
    for start in range(0, 100, 20):
        event_log.publish([new(f"k{n % 7}", f"{n:03}") for n in range(start, start + 20)])
    with reading(event_log) as reader:
        records = reader.drain(100)
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
    with reading(event_log) as reader:
        reader.settle(1)
        assert reader.member.end_offsets() == {Partition("things", 0): 0}
        event_log.publish([new("k", str(n)) for n in range(5)])
        assert [record.offset for record in reader.drain(5)] == [0, 1, 2, 3, 4]
        assert reader.member.end_offsets() == {Partition("things", 0): 5}
        assert reader.member.known_ends() == {Partition("things", 0): 5}


def test_a_poll_gives_no_more_records_than_asked_for_and_loses_none(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new(f"k{n}", str(n)) for n in range(60)])
    with reading(event_log) as reader:
        got: list[Record] = []
        deadline = monotonic() + 20
        while len(got) < 60 and monotonic() < deadline:
            some = reader.step(max_records=7)
            assert len(some) <= 7
            got += some
    assert sorted(int(record.value) for record in got) == list(range(60))


def test_a_seek_reads_from_there_back_or_forth(event_log: AnyLog) -> None:
    make(event_log, partitions=1)
    event_log.publish([new("k", str(n)) for n in range(10)])
    lane = Partition("things", 0)
    with reading(event_log) as reader:
        assert len(reader.drain(10)) == 10
        reader.seek(lane, 7)
        assert [record.offset for record in reader.drain(3)] == [7, 8, 9]
        reader.seek(lane, 2)
        assert [record.offset for record in reader.drain(8)] == list(range(2, 10))


def test_nothing_is_read_from_a_partition_before_it_was_handed_out(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new("k", "1")])
    with reading(event_log) as reader:
        assert until(lambda: not reader.member.poll(0.1, 10) and len(reader.member.assignment()) == 4)
        assert reader.member.poll(0.5, 10) == {}
        assert reader.member.newly_assigned() == {Partition("things", number) for number in range(4)}
        assert reader.member.newly_assigned() == frozenset()
        assert len(reader.drain(1)) == 1


def test_an_empty_poll_comes_back_in_time(event_log: AnyLog) -> None:
    make(event_log)
    with reading(event_log) as reader:
        reader.settle()
        waits: list[float] = []
        for _ in range(4):  # a rebalance, which may come at any time, ends a poll early
            began = monotonic()
            assert reader.step(0.4) == []
            waits.append(monotonic() - began)
        assert max(waits) > 0.3
        assert max(waits) < 5


def test_a_waiting_reader_is_woken_by_a_record(event_log: AnyLog) -> None:
    make(event_log)
    with reading(event_log) as reader:
        reader.settle()
        threading.Timer(0.2, lambda: event_log.publish([new("k", "1")])).start()
        began = monotonic()
        assert len(reader.drain(1)) == 1
        assert monotonic() - began < 10


def test_a_group_shares_the_partitions_and_a_member_that_leaves_hands_its_own_on(event_log: AnyLog) -> None:
    make(event_log)
    with reading(event_log) as first:
        first.settle()
        with reading(event_log) as second:

            def halved() -> bool:
                assert first.step(0.1) + second.step(0.1) == []
                return len(first.member.assignment()) == len(second.member.assignment()) == 2

            assert until(halved)
            assert not first.member.assignment() & second.member.assignment()
            event_log.publish([new(f"k{n}", str(n)) for n in range(40)])
            one, two = first.drain(1, 5), second.drain(1, 5)
            assert {r.partition for r in one} <= first.member.assignment()
            assert {r.partition for r in two} <= second.member.assignment()
            assert sorted(int(r.value) for r in one + two) == list(range(40))
        assert until(lambda: first.step(0.1) is not None and len(first.member.assignment()) == 4)


def test_groups_read_independently(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new("k", "1")])
    with reading(event_log, group="a") as one, reading(event_log, group="b") as two:
        assert len(one.drain(1)) == len(two.drain(1)) == 1


def test_a_member_may_read_several_topics(event_log: AnyLog) -> None:
    make(event_log, "things", "others")
    event_log.publish([new("k", "1"), new("k", "2", topic="others")])
    with reading(event_log, topics=("things", "others")) as reader:
        assert {record.partition.topic for record in reader.drain(2)} == {"things", "others"}


def test_a_paused_member_reads_nothing_stays_a_member_and_misses_nothing(event_log: AnyLog) -> None:
    make(event_log)
    with reading(event_log) as reader:
        event_log.publish([new(f"k{n}", str(n)) for n in range(20)])
        assert len(reader.drain(20)) == 20
        reader.member.pause_all()
        event_log.publish([new(f"k{n}", str(n)) for n in range(20, 60)])
        began = monotonic()
        while monotonic() - began < 3.5:  # longer than a session of the embedded log
            assert reader.step(0.1) == []
        assert len(reader.member.assignment()) == 4
        reader.member.resume_all()
        assert sorted(int(r.value) for r in reader.drain(40)) == list(range(20, 60))


def test_a_member_that_came_before_its_topic_gets_it_once_it_is_made(event_log: AnyLog) -> None:
    make(event_log, "others")
    with reading(event_log, topics=("others", "things")) as reader:
        reader.settle()
        make(event_log)
        event_log.publish([new("k", "1")])
        assert len(reader.drain(1)) == 1


def test_reporting_a_position_never_raises(event_log: AnyLog) -> None:
    make(event_log)
    event_log.publish([new("k", "1")])
    with reading(event_log) as reader:
        (record,) = reader.drain(1)
        reader.member.report_position({record.partition: 1, Partition("no.such.topic", 9): 7})
        event_log.publish([new("k", "2")])
        assert len(reader.drain(1)) == 1


def test_creating_topics_again_changes_nothing(event_log: AnyLog) -> None:
    make(event_log, partitions=2)
    before = event_log.topic_id("things")
    event_log.publish([new("k", "1")])
    make(event_log, partitions=8)
    assert event_log.topic_id("things") == before
    with reading(event_log) as reader:
        assert len(reader.drain(1)) == 1
        assert len(reader.member.assignment()) == 2


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
    with reading(event_log) as reader:
        assert [record.value for record in reader.drain(2)] == [b"1", b"2"]


def test_a_record_over_the_limit_is_rejected_and_the_others_and_later_ones_arrive(event_log: AnyLog) -> None:
    make(event_log)
    big = NewRecord("things", "k", "evt_big", b"x" * MAX_RECORD_BYTES)
    with pytest.raises(PublishFailed, match="1000000 bytes") as caught:
        event_log.publish([new("k", "1"), big, new("k", "2")])
    assert caught.value.rejected == ("evt_big",)
    event_log.publish([new("k", "3")])
    with reading(event_log) as reader:
        assert [record.value for record in reader.drain(3)] == [b"1", b"2", b"3"]


def test_a_record_at_the_limit_arrives(event_log: AnyLog) -> None:
    make(event_log)
    value = b"x" * (MAX_RECORD_BYTES - len("k") - len("evt_1"))
    event_log.publish([NewRecord("things", "k", "evt_1", value)])
    with reading(event_log) as reader:
        assert [len(record.value) for record in reader.drain(1)] == [len(value)]


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
    with reading(event_log) as reader:
        records = reader.drain(200)
    for thread in writers:
        thread.join()
    assert len({(record.partition, record.offset) for record in records}) == len(records) == 200
    for writer in range(4):
        own = [record.value for record in records if record.key == f"w{writer}"]
        assert own == sorted(own)


def test_the_log_answers_a_ping(event_log: AnyLog) -> None:
    event_log.ping()
