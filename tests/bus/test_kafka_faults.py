"""Faults of kafka-python 3.0.12 that were found by running it, each provoked: our adapter must not show them.

Should a newer version be pinned, these say whether the guards are still needed.
"""

import os
import secrets
from collections.abc import Iterator
from time import monotonic

import pytest
from kafka.admin import KafkaAdminClient

from moderation.bus.kafka import KafkaLog
from moderation.bus.log import MAX_RECORD_BYTES, NewRecord, Partition, PublishFailed, Record, TopicSpec
from moderation.servers.kafka import KafkaServer

pytestmark = pytest.mark.integration


@pytest.fixture
def prefix() -> str:
    return f"t{secrets.token_hex(4)}."


@pytest.fixture
def kafka_log(kafka_server: KafkaServer, prefix: str) -> Iterator[KafkaLog]:
    with KafkaLog(kafka_server.bootstrap, prefix=prefix, session_s=6) as log:
        yield log


def records(topic: str, count: int) -> list[NewRecord]:
    return [NewRecord(topic, f"k{n % 31}", f"evt_{n}", str(n).encode()) for n in range(count)]


def test_pausing_and_resuming_between_small_polls_strands_no_record(kafka_log: KafkaLog) -> None:
    kafka_log.ensure_topics([TopicSpec("things", 4)])
    kafka_log.publish(records("things", 4000))
    reader = kafka_log.consumer(["things"], "slow")
    next_offset: dict[Partition, int] = {}
    seen: set[tuple[Partition, int]] = set()
    deadline = monotonic() + 60
    while len(seen) < 4000 and monotonic() < deadline:
        for partition in reader.newly_assigned():
            reader.seek(partition, next_offset.get(partition, 0))
        for partition, lane in reader.poll(0.2, 50).items():
            seen |= {(partition, record.offset) for record in lane}
            next_offset[partition] = lane[-1].offset + 1
        reader.pause_all()
        assert reader.poll(0.01, 50) == {}
        reader.resume_all()
    reader.close()
    assert len(seen) == 4000


def test_one_record_that_its_topic_refuses_does_not_fail_the_others(
    kafka_server: KafkaServer, kafka_log: KafkaLog, prefix: str
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka_server.bootstrap)
    small = {"num_partitions": 1, "configs": {"max.message.bytes": "10000"}}
    admin.create_topics(
        {f"{prefix}small": small, f"{prefix}things": {"num_partitions": 1}}, wait_for_metadata=True
    )
    admin.close()
    big = NewRecord("small", "k", "evt_big", os.urandom(50_000))
    before, after = NewRecord("things", "k", "evt_1", b"1"), NewRecord("things", "k", "evt_2", b"2")
    with pytest.raises(PublishFailed, match="MessageSizeTooLarge") as caught:
        kafka_log.publish([before, big, after, NewRecord("small", "k", "evt_3", b"3")])
    assert caught.value.rejected == ("evt_big",)
    assert caught.value.unacknowledged == ()
    kafka_log.publish([NewRecord("things", "k", "evt_4", b"4")])
    reader = kafka_log.consumer(["things", "small"], "readers")
    got: dict[str, Record] = {}
    deadline = monotonic() + 30
    while len(got) < 4 and monotonic() < deadline:
        reader.newly_assigned()
        for lane in reader.poll(0.3, 100).values():
            got.update({record.event_id: record for record in lane})
    reader.close()
    assert set(got) == {"evt_1", "evt_2", "evt_3", "evt_4"}


def test_polls_that_end_during_a_rejoin_do_not_leave_a_member_without_partitions(kafka_log: KafkaLog) -> None:
    kafka_log.ensure_topics([TopicSpec("things", 4)])
    for attempt in range(5):
        reader = kafka_log.consumer(["things"], f"group{attempt}")
        deadline = monotonic() + 20
        while not reader.newly_assigned() and monotonic() < deadline:
            reader.poll(0.003, 10)
        assert len(reader.assignment()) == 4, f"attempt {attempt}"
        reader.close()


def test_a_broker_that_was_killed_and_came_back_is_used_again_and_has_lost_nothing(
    tmp_path_factory: pytest.TempPathFactory, prefix: str
) -> None:
    server = KafkaServer(tmp_path_factory.mktemp("killed")).start()
    try:
        with KafkaLog(server.bootstrap, prefix=prefix, session_s=6) as log:
            log.ensure_topics([TopicSpec("things", 2)])
            log.publish(records("things", 50))
            server.kill()
            with pytest.raises(Exception, match="no broker answers"):
                log.ping()
            server.start()
            log.publish(records("things", 50))
            reader = log.consumer(["things"], "readers")
            got: list[bytes] = []
            deadline = monotonic() + 60
            while len(got) < 100 and monotonic() < deadline:
                reader.newly_assigned()
                got += [record.value for lane in reader.poll(0.3, 100).values() for record in lane]
            reader.close()
            assert sorted(got) == sorted([str(n).encode() for n in range(50)] * 2)
    finally:
        server.kill()


def test_publishing_without_a_broker_says_so_and_loses_nothing(prefix: str) -> None:
    with (
        KafkaLog("127.0.0.1:1", prefix=prefix) as log,
        pytest.raises(PublishFailed, match=r"127\.0\.0\.1:1") as caught,
    ):
        log.publish([NewRecord("things", "k", "evt_1", b"x" * MAX_RECORD_BYTES)])
    assert caught.value.unacknowledged == ("evt_1",)
    assert caught.value.rejected == ()
