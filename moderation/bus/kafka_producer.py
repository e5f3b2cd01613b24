"""Sending to Kafka so that one bad record harms nobody else.

kafka-python 3.0.12 has a fault found by running it: after one error that cannot be retried (a record too large for its
topic, no permission) every later send of that producer fails with the same error, whatever the topic. So a producer that
failed is thrown away, and who is to blame is found by sending the failed records one at a time. And where it splits a batch
that is too large, it may forget the futures of its records: some are not done although the flush did not time out.
"""

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka import errors as kafka_errors
from kafka.partitioner.default import DefaultPartitioner, murmur2

from moderation.bus.log import NewRecord

log = structlog.get_logger(__name__)
EVENT_ID_HEADER = (
    "ce_id"  # CloudEvents Kafka protocol binding 1.0.2 §3.2.3.1: attributes as headers `ce_<name>`
)
REFUSED = (
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.InvalidTopicError,
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.InvalidRecordError,
    kafka_errors.PolicyViolationError,
)
_DELIVERY_S = 30
LINGER_MS = 100
"""No record waits so long, because every `send` ends in a flush; without it kafka-python wakes its sender for every record."""
BATCH_BYTES = 262_144
_hash = lru_cache(maxsize=4096)(murmur2)


class KeyPartitioner(DefaultPartitioner):  # type: ignore[misc]  # kafka-python publishes no types
    """The partition that every Kafka client chooses for a key (murmur2), hashed once for the events of one generation:
    kafka-python hashes in Python, anew for each."""

    def partition(self, topic: str, key: Any, serialized_key: bytes | None, *rest: Any) -> int:
        """As kafka-python calls it; the last of `rest` is what it knows of the cluster."""
        known = rest[-1].partitions_for_topic(topic)
        if serialized_key is None or not known:
            return int(super().partition(topic, key, serialized_key, *rest))
        partitions = sorted(known)
        return int(partitions[(_hash(serialized_key) & 0x7FFFFFFF) % len(partitions)])


class Producer:
    """An idempotent producer with acks=all, made anew after every failure. Threads may share it."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)
        self._lock = threading.Lock()
        self._producer: Any = None

    def send(self, records: Sequence[NewRecord]) -> dict[int, Exception]:
        """Send `records` (topics as the broker names them) and wait; the errors by index of those not acknowledged."""
        with self._lock:
            failed = self._send(records)
            if any(isinstance(error, REFUSED) for error in failed.values()):
                return self._blame(records, sorted(failed))
            return failed

    def close(self) -> None:
        """Close the connections; the next send opens them again."""
        with self._lock:
            self._drop()

    def _blame(self, records: Sequence[NewRecord], failed: Sequence[int]) -> dict[int, Exception]:
        """The failed records again, one at a time and in order: those that fail alone are to blame. A broker that does not
        answer is waited for once."""
        blamed: dict[int, Exception] = {}
        for place, index in enumerate(failed):
            error = self._send([records[index]]).get(0)
            if error is not None and not isinstance(error, REFUSED):
                return {**blamed, **dict.fromkeys(failed[place:], error)}
            if error is not None:
                blamed[index] = error
        return blamed

    def _send(self, records: Sequence[NewRecord]) -> dict[int, Exception]:
        failed: dict[int, Exception] = {}
        futures: dict[int, Any] = {}
        forgotten: Exception = kafka_errors.RecordListTooLargeError("in a batch that was split")
        try:
            producer = self._open()
            for index, record in enumerate(records):
                headers = [(EVENT_ID_HEADER, record.event_id.encode())]
                key = record.key.encode()
                futures[index] = producer.send(record.topic, key=key, value=record.value, headers=headers)
            producer.flush(timeout=_DELIVERY_S + 5)  # does not raise for records: each future is asked below
        except kafka_errors.KafkaTimeoutError as error:
            failed = {index: error for index in range(len(records)) if index not in futures}
            forgotten = kafka_errors.KafkaTimeoutError("not acknowledged in time")
        except kafka_errors.KafkaError as error:
            failed = {index: error for index in range(len(records)) if index not in futures}
        for index, future in futures.items():
            if not future.is_done:
                failed[index] = forgotten
            elif future.failed():
                failed[index] = future.exception
        if failed:
            self._drop()
        return failed

    def _open(self) -> Any:
        if self._producer is None:
            self._producer = KafkaProducer(
                **self._options,
                acks="all",
                enable_idempotence=True,
                max_block_ms=10_000,
                request_timeout_ms=10_000,
                delivery_timeout_ms=_DELIVERY_S * 1000,
                allow_auto_create_topics=False,
                linger_ms=LINGER_MS,
                batch_size=BATCH_BYTES,
                partitioner=KeyPartitioner(),
            )
        return self._producer

    def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                producer.close(timeout=1)
            except Exception as error:
                log.warning("producer_close_failed", error=type(error).__name__)
