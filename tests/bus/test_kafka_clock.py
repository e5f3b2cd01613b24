"""A relay whose wall clock is wrong by hours or weeks: its records are taken and kept like any other's."""

import secrets
from time import monotonic, time

import pytest
from kafka import KafkaProducer

from moderation.bus.kafka import KafkaLog
from moderation.bus.log import TopicSpec
from moderation.servers.kafka import KafkaServer

pytestmark = pytest.mark.integration
DAY_S = 24 * 3600


@pytest.mark.parametrize("wrong_by_s", [-30 * DAY_S, 3 * 3600])
def test_a_record_stamped_by_a_wrong_clock_is_taken_and_kept(
    kafka_server: KafkaServer, wrong_by_s: int
) -> None:
    prefix = f"t{secrets.token_hex(4)}."
    producer = KafkaProducer(bootstrap_servers=kafka_server.bootstrap, acks="all")
    with KafkaLog(kafka_server.bootstrap, prefix=prefix, session_s=6) as log:
        log.ensure_topics([TopicSpec("things", 1)])
        stamp_ms = int((time() + wrong_by_s) * 1000)
        sent = producer.send(f"{prefix}things", value=b"1", timestamp_ms=stamp_ms)
        producer.flush(timeout=20)
        producer.close(timeout=3)
        kept = sent.get(timeout=5)
        assert abs(kept.timestamp / 1000 - time()) < 3600, "the broker's own clock says when it came"
        reader = log.consumer(["things"], "readers")
        got: list[bytes] = []
        deadline = monotonic() + 30
        while not got and monotonic() < deadline:
            reader.newly_assigned()
            got += [record.value for lane in reader.poll(0.3, 10).values() for record in lane]
        reader.close()
    assert got == [b"1"]
