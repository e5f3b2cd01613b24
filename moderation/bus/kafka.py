"""The event log on Apache Kafka, for several processes and machines."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from kafka import errors as kafka_errors
from kafka.admin import KafkaAdminClient

from moderation.bus.kafka_consumer import KafkaGroupConsumer
from moderation.bus.kafka_producer import REFUSED, Producer
from moderation.bus.log import (
    MAX_RECORD_BYTES,
    NewRecord,
    PublishFailed,
    TopicSpec,
    TopicUnknown,
    record_bytes,
)

RECONNECT_MS = 1_000
"""Between two looks whether a broker is back, at most: kafka-python's default of 30 s makes an outage that much longer."""
_UNKNOWN_TOPIC, _EXISTS = 3, 36  # error codes of the Kafka protocol


class LogUnreachable(Exception):
    """No broker answers."""

    code = "log.unreachable"


class KafkaLog:
    """Keeps the contract of `bus.log.EventLog`.

    `bootstrap` is a `host:port` list; `prefix` goes before every topic and group name, so that deployments can share a
    broker; `session_s`: after how long a silent consumer's partitions go to the others; `replication` -1 is the broker's
    default; `options` are passed to every client (security_protocol, sasl_…, ssl_…).
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        prefix: str = "",
        session_s: float = 30.0,
        replication: int = -1,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._options = {
            "bootstrap_servers": bootstrap.split(","),
            "reconnect_backoff_max_ms": RECONNECT_MS,
            **(options or {}),
        }
        self._bootstrap, self._prefix, self._session_s, self._replication = (
            bootstrap,
            prefix,
            session_s,
            replication,
        )
        self._producer = Producer(self._options)
        self._admin: Any = None
        self._admin_lock = threading.Lock()
        self._known: set[str] = set()

    def ensure_topics(self, specs: Iterable[TopicSpec]) -> None:
        """See the port; waits until every partition has a leader."""
        wanted = {
            self._prefix + spec.name: {
                "num_partitions": spec.partitions,
                "replication_factor": self._replication,
                "configs": {
                    "cleanup.policy": "compact" if spec.compacted else "delete",
                    # else a relay whose clock is an hour ahead is refused, and what one far behind sends is deleted as old
                    "message.timestamp.type": "LogAppendTime",
                },
            }
            for spec in specs
        }
        if not wanted:
            return
        answer = self._ask(lambda admin: admin.create_topics(wanted, raise_errors=False))
        for topic in answer["topics"]:
            if topic["error_code"] not in {0, _EXISTS}:
                raise kafka_errors.for_code(topic["error_code"])(f"{topic['name']}: {topic['error_message']}")
        self._ask(lambda admin: admin.wait_for_topics(list(wanted)))

    def topic_id(self, topic: str) -> str:
        """See the port: the broker's own topic UUID (KIP-516, brokers since 2.8)."""
        (found,) = self._ask(lambda admin: admin.describe_topics([self._prefix + topic]))
        if found["error_code"] == _UNKNOWN_TOPIC:
            raise TopicUnknown(topic)
        return str(found["topic_id"])

    def publish(self, records: Sequence[NewRecord]) -> None:
        """See the port."""
        ours = [NewRecord(self._prefix + one.topic, one.key, one.event_id, one.value) for one in records]
        missing = self._missing({record.topic for record in ours}, records)
        refused: list[str] = []
        sendable: list[NewRecord] = []
        for record in ours:
            if record.topic in missing or record_bytes(record) > MAX_RECORD_BYTES:
                refused.append(record.event_id)
            else:
                sendable.append(record)
        failed = self._producer.send(sendable)
        refused += [sendable[n].event_id for n, error in failed.items() if isinstance(error, REFUSED)]
        waiting = [sendable[n].event_id for n, error in failed.items() if not isinstance(error, REFUSED)]
        if refused or waiting:
            causes = sorted(
                {type(error).__name__ for error in failed.values()} | {f"no topic {name}" for name in missing}
            )
            raise PublishFailed(
                f"log: Kafka refused {len(refused)} and did not acknowledge {len(waiting)} records "
                f"({', '.join(causes) or f'more than {MAX_RECORD_BYTES} bytes'})",
                unacknowledged=waiting,
                rejected=refused,
            )

    def consumer(self, topics: Sequence[str], group: str) -> KafkaGroupConsumer:
        """See the port."""
        return KafkaGroupConsumer(
            self._options, topics, group, prefix=self._prefix, session_s=self._session_s
        )

    def ping(self) -> None:
        """See the port."""
        try:
            self._ask(lambda admin: admin.describe_cluster())
        except Exception as error:
            raise LogUnreachable(
                f"kafka_bootstrap: no broker answers at {self._bootstrap} ({type(error).__name__}); is it running?"
            ) from error

    def delete_topic(self, topic: str) -> None:
        """Remove a topic and its records; a topic made anew under the name has another id."""
        self._known.discard(self._prefix + topic)
        self._ask(lambda admin: admin.delete_topics([self._prefix + topic]))

    def close(self) -> None:
        """See the port."""
        self._producer.close()
        with self._admin_lock:
            self._drop_admin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _missing(self, names: set[str], records: Sequence[NewRecord]) -> set[str]:
        """Those of `names` that are no topics: asked once, because a send to one would block for ten seconds."""
        asked = sorted(names - self._known)
        if not asked:
            return set()
        try:
            found = self._ask(lambda admin: admin.describe_topics(asked))
        except Exception as error:
            ids = [record.event_id for record in records]
            raise PublishFailed(
                f"log: no broker answers at {self._bootstrap} ({type(error).__name__})", ids
            ) from error
        missing = {topic["name"] for topic in found if topic["error_code"] == _UNKNOWN_TOPIC}
        self._known |= set(asked) - missing
        return missing

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        """Put a question to the cluster; a client that failed is thrown away."""
        with self._admin_lock:
            try:
                if self._admin is None:
                    self._admin = KafkaAdminClient(
                        **self._options, request_timeout_ms=10_000, bootstrap_timeout_ms=5_000
                    )
                return question(self._admin)
            except Exception:
                self._drop_admin()
                raise

    def _drop_admin(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()
