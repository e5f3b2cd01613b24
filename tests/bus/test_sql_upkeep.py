"""Upkeep of the embedded log and of the bookkeeping: compaction, retention, forgetting."""

import pytest

from moderation.bus import positions, sql_retention
from moderation.bus.log import NewRecord, Partition, TopicSpec
from moderation.bus.sql import SqlLog
from moderation.bus.upkeep import tidy_bus
from moderation.store import Database


def values(log: SqlLog, topic: str) -> list[bytes]:
    reader = log.consumer([topic], "upkeep")
    for partition in reader.newly_assigned():
        reader.seek(partition, 0)
    got = [record.value for lane in reader.poll(0, 1000).values() for record in lane]
    reader.close()
    return sorted(got)


def write(log: SqlLog, topic: str, *pairs: tuple[str, str]) -> None:
    log.publish([NewRecord(topic, key, f"evt_{value}", value.encode()) for key, value in pairs])


def test_compaction_keeps_the_last_record_of_each_key_and_no_other_topic_is_touched(
    database: Database,
) -> None:
    log = SqlLog(database)
    log.ensure_topics([TopicSpec("changes", 2, compacted=True), TopicSpec("requests", 2)])
    for topic in ("changes", "requests"):
        write(log, topic, ("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("b", "5"))
    with database.transaction() as session:
        assert sql_retention.compact(session) == 2
    assert values(log, "changes") == [b"3", b"4", b"5"]
    assert values(log, "requests") == [b"1", b"2", b"3", b"4", b"5"]


def test_offsets_go_on_after_compaction_and_a_reader_skips_the_gaps(database: Database) -> None:
    log = SqlLog(database)
    log.ensure_topics([TopicSpec("changes", 1, compacted=True)])
    write(log, "changes", ("a", "1"), ("a", "2"))
    with database.transaction() as session:
        sql_retention.compact(session)
    write(log, "changes", ("b", "3"))
    reader = log.consumer(["changes"], "g")
    assert reader.newly_assigned() == {Partition("changes", 0)}
    (lane,) = reader.poll(0, 10).values()
    assert [(record.offset, record.value) for record in lane] == [(1, b"2"), (2, b"3")]
    assert reader.end_offsets() == {Partition("changes", 0): 3}
    reader.close()


def test_retention_removes_old_records_except_from_compacted_topics(database: Database) -> None:
    log = SqlLog(database)
    log.ensure_topics([TopicSpec("changes", 1, compacted=True), TopicSpec("requests", 1)])
    write(log, "changes", ("a", "1"))
    write(log, "requests", ("a", "2"))
    with database.transaction() as session:
        assert sql_retention.trim(session, before_ms=1000) == 0
        assert sql_retention.trim(session, before_ms=2**50) == 1
    assert values(log, "changes") == [b"1"]
    assert values(log, "requests") == []


@pytest.mark.parametrize("compacted", [False, True])
def test_what_a_group_has_yet_to_read_is_kept_however_old(database: Database, compacted: bool) -> None:
    log = SqlLog(database)
    log.ensure_topics([TopicSpec("t", 1, compacted=compacted)])
    write(log, "t", ("a", "1"), ("a", "2"), ("a", "3"), ("a", "4"))
    topic_id = log.topic_id("t")
    with database.transaction() as session:
        for group, offset in (("fast", 4), ("slow", 2)):
            positions.position(session, group, "t", topic_id, 0)
            positions.move(session, group, topic_id, 0, expected=0, to=offset, now_ms=1)
    with database.transaction() as session:
        gone = sql_retention.trim(session, before_ms=2**50) + sql_retention.compact(session)
    assert gone == 2
    assert values(log, "t") == [b"3", b"4"]


def test_tidying_goes_in_small_transactions_and_takes_all(database: Database) -> None:
    log = SqlLog(database)
    log.ensure_topics([TopicSpec("t", 1)])
    write(log, "t", *(("a", str(number)) for number in range(7)))
    with database.transaction() as session:
        positions.remember(session, "g", [f"e{number}" for number in range(7)], now_ms=1)
    assert tidy_bus(database, kept_ms=-1000, batch=3) == 14
    assert values(log, "t") == []


def test_seen_events_are_forgotten_after_their_time(database: Database) -> None:
    with database.transaction() as session:
        positions.remember(session, "g", ["old"], now_ms=1000)
        positions.remember(session, "g", ["new"], now_ms=2000)
    with database.transaction() as session:
        assert positions.forget_seen(session, before_ms=2000) == 1
    with database.read() as session:
        assert positions.seen(session, "g", ["old", "new"]) == {"new"}
        assert positions.seen(session, "other", ["new"]) == frozenset()
