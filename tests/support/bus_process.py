"""A whole bus in a process of its own, for tests that kill it: consume, pass on by a job, relay. Run with `python -m`.

Arguments: database URL, Kafka bootstrap (or `-` for the embedded log), prefix of topics, how many effects to wait for, the
longest time in seconds, and `consumer` for nothing but a consumer. Ends by itself with 0 when all effects are there and the
outbox is empty, with 3 when it was stopped before that, with 4 when it could not drain.
"""

import sys
import threading
from contextlib import suppress
from time import monotonic, sleep

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from moderation.bus import relay
from moderation.bus.backoff import Backoff
from moderation.bus.consumer import ConsumerLoop
from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import Effect, Job, Lease, insert_job, no_effect
from moderation.bus.kafka import KafkaLog
from moderation.bus.log import EventLog, Record
from moderation.bus.outbox import enqueue
from moderation.bus.relay import Relay
from moderation.bus.sql import SqlLog
from moderation.bus.subscription import Subscription
from moderation.bus.worker import Loop, Worker
from moderation.messages import DecisionMade, Message
from moderation.store import Database, now_ms
from tests.support.bus import CASES, note, noted


def consume(session: Session, message: Message, record: Record) -> None:
    """A row and a job per message."""
    note(session, "consumed", record.event_id)
    insert_job(
        session, kind="pass_on", subject_id=message.key, payload={"event_id": record.event_id}, now_ms=now_ms(session),
        dedupe_key=record.event_id, serial=True,
    )  # fmt: skip


class PassOn:
    """A job that leaves a row and an event."""

    kind = "pass_on"
    lease_s = 2.0

    def run(self, job: Job, lease: Lease) -> Effect:
        event_id = str(job.payload["event_id"])

        def effect(session: Session) -> None:
            note(session, "passed_on", event_id)
            made = DecisionMade(
                generation_id=job.subject_id, decision_id=event_id, stage="request", verdict="allow", actor="test",
                body_sha256="0" * 64,
            )  # fmt: skip
            enqueue(session, made, event_id=f"out_{event_id}", at_ms=now_ms(session))

        return effect

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        return no_effect


def open_log(database: Database, bootstrap: str, prefix: str) -> EventLog:
    """The embedded log, or Kafka with a session short enough to wait for."""
    if bootstrap == "-":
        return SqlLog(database, session_s=1.5, poll_s=0.05)
    return KafkaLog(bootstrap, prefix=prefix, session_s=2)


def main(url: str, bootstrap: str, prefix: str, effects: str, timeout_s: str, only: str) -> None:
    database = Database(url)
    log = open_log(database, bootstrap, prefix)
    soon = Backoff(first_ms=10, cap_ms=100)
    subscription = Subscription((CASES,), "gate", consume)
    loops: list[Loop] = [ConsumerLoop(database, log, subscription, batch=20, backoff=soon, poll_s=0.05)]
    if only != "consumer":
        loops.append(JobPool(database, [PassOn()], threads=2, batch=5, backoff=soon, poll_s=0.05))
        loops.append(Relay(database, log, poll_s=0.02, lease_s=2.0, backoff=soon, batch=20))
    worker = Worker(loops)
    watch = threading.Thread(
        target=_watch, args=(worker, database, int(effects), float(timeout_s)), daemon=True
    )
    watch.start()
    drained = worker.run()
    log.close()
    sys.exit(4 if not drained else 0 if _finished(database, int(effects)) else 3)


def _watch(worker: Worker, database: Database, effects: int, timeout_s: float) -> None:
    deadline = monotonic() + timeout_s
    finished = False
    while monotonic() < deadline and not finished:
        with suppress(SQLAlchemyError):  # the test may have taken the database away
            finished = _finished(database, effects)
        sleep(0.1)
    worker.stop()


def _finished(database: Database, effects: int) -> bool:
    with database.read() as session:
        unsent, _ = relay.lag(session)
    return unsent == 0 and len(noted(database, "passed_on")) >= effects


if __name__ == "__main__":
    main(*sys.argv[1:])
