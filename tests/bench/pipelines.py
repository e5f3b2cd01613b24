"""The request gate as a service, with stub models and everything durable; and the bare loop it is held against."""

import json
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time, sleep

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from sqlalchemy import text

from moderation.accounts.directory import ensure_account
from moderation.bus.log import NewRecord
from moderation.bus.topics import topic_specs
from moderation.bus.worker import Worker
from moderation.ids import new_id
from moderation.messages import Envelope, GenerationRequested
from moderation.settings import Settings
from moderation.store import Database, now_ms
from moderation.workers import loops_of
from tests.support.service import TINY, StubApplication

ACCOUNTS = 20
PROMPT = (
    "A paper boat sails down a rainy street past closed shops, seen from just above the water, slow and calm"
)


def requests(count: int) -> list[NewRecord]:
    """`count` requests of a few accounts, each with words of its own, as the log carries them: about 700 bytes each."""
    made = [
        GenerationRequested(
            generation_id=new_id("gen"),
            account_id=f"acct_{number % ACCOUNTS}",
            prompt=f"{PROMPT}, {''.join('qvxz'[number >> shift & 3] for shift in range(0, 16, 2))}",
            parameters=TINY,
        )
        for number in range(count)
    ]
    return [
        NewRecord(
            str(one.topic),
            one.key,
            event,
            Envelope.wrap(one, event_id=event, at_ms=1_700_000_000_000).encode(),
        )
        for one in made
        for event in [new_id("evt")]
    ]


class GateParts:
    """The parts of the request gate on `database_url`, and on Kafka when `bootstrap` is given; nothing runs."""

    def __init__(self, home: Path, database_url: str, bootstrap: str | None = None, prefix: str = "") -> None:
        self.prefix = prefix or f"b{secrets.token_hex(4)}."
        self.app = StubApplication(bench_settings(home, database_url, bootstrap, self.prefix))
        if not prefix:
            self._prepare(database_url)

    def close(self) -> None:
        """Close the connections."""
        self.app.close()

    def _prepare(self, database_url: str) -> None:
        create = Database(database_url)
        create.create_all()
        create.close()
        self.app.event_log.ensure_topics(topic_specs(4))
        with self.app.database.transaction() as session:
            for number in range(ACCOUNTS):
                ensure_account(session, f"acct_{number}", actor="bench", now_ms=now_ms(session))


def bench_settings(home: Path, database_url: str, bootstrap: str | None, prefix: str) -> Settings:
    """No quota and no rate that a bench could meet."""
    return Settings(
        _env_file=None,
        home=home,
        database_url=database_url,
        kafka_bootstrap=bootstrap,
        partitions=4,
        topic_prefix=prefix,
        account_rate_per_minute=10**9,
        account_daily_quota=10**9,
        total_daily_quota=10**9,
    )


class GateService:
    """The request gate and the relay at work: in this process, or as `workers` gates and a relay, each in one of its own."""

    def __init__(
        self, home: Path, database_url: str, bootstrap: str | None = None, *, workers: int = 0
    ) -> None:
        self._parts = GateParts(home, database_url, bootstrap)
        self._worker = Worker(loops_of(self._parts.app, [] if workers else ["request-gate", "relay"]))
        self._worker.start()
        given = (str(home), database_url, bootstrap or "", self._parts.prefix)
        named = [*["request-gate"] * workers, *(["relay"] if workers else [])]
        self._processes = [gate_process(*given, name) for name in named]
        self.cpu_us = 0.0
        """Of this process for each decision of the last run, whoever asks included."""
        self.decisions_per_second(50)  # joins the group, opens every connection

    def decisions_per_second(self, count: int) -> float:
        """Send `count` requests; the rate at which their decisions are on the log, first sent to last acknowledged."""
        records = requests(count)
        before = self._done()
        began, cpu = perf_counter(), process_time()
        self._parts.app.event_log.publish(records)
        while self._done() - before < count or self._waiting():
            sleep(0.05)
        took, self.cpu_us = perf_counter() - began, (process_time() - cpu) / count * 1e6
        return count / took

    def close(self) -> None:
        """Drain and close."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(60)
        self._worker.drain()
        self._parts.close()

    def _done(self) -> int:
        return self._count("SELECT count(*) FROM decision")

    def _waiting(self) -> int:
        return self._count("SELECT count(*) FROM outbox WHERE sent_ms IS NULL")

    def _count(self, query: str) -> int:
        with self._parts.app.database.read() as session:
            return int(session.execute(text(query)).scalar_one())


def gate_process(*arguments: str) -> "subprocess.Popen[bytes]":
    """One worker as a process: HOME DATABASE_URL BOOTSTRAP PREFIX NAME."""
    return subprocess.Popen([sys.executable, "-m", "tests.bench.gate_process", *arguments])


class BareLoop:
    """The least that kafka-python can do with an event: poll 500, JSON in, JSON out, flush, commit. Nothing is durable but the
    log itself, nothing is judged, and a crash repeats events."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._in, self._out = (f"bare{secrets.token_hex(4)}.{name}" for name in ("in", "out"))
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.create_topics(
            {name: {"num_partitions": 4, "replication_factor": 1} for name in (self._in, self._out)}
        )
        admin.wait_for_topics([self._in, self._out])
        admin.close()
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=self._in,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self._consumer.subscribe([self._in])
        while not self._consumer.assignment():
            self._consumer.poll(timeout_ms=100)

    def events_per_second(self, count: int) -> float:
        """Pass `count` events on; the first batch is in the log when the clock starts, as is the last acknowledged at the end."""
        self._fill(requests(count))
        passed, began = 0, perf_counter()
        while passed < count:
            passed += self._step()
        return count / (perf_counter() - began)

    def close(self) -> None:
        """Close the connections."""
        self._producer.close(timeout=5)
        self._consumer.close(timeout_ms=3000)

    def _fill(self, records: Sequence[NewRecord]) -> None:
        for record in records:
            self._producer.send(self._in, key=record.key.encode(), value=record.value)
        self._producer.flush()

    def _step(self) -> int:
        batch = [
            one for found in self._consumer.poll(timeout_ms=200, max_records=500).values() for one in found
        ]
        for one in batch:
            self._producer.send(self._out, key=one.key, value=json.dumps(json.loads(one.value)).encode())
        self._producer.flush()
        self._consumer.commit()
        return len(batch)
