"""The one that carries the outbox to the log: rows not yet sent, in the order of their ids, one relay at a time by lease.

At least once: a relay that dies between the log's acknowledgement and its own mark sends again, and consumers drop the
event ids they have seen. A record that the log refuses for good is parked with the dead letters.
"""

import threading
from collections.abc import Sequence

import structlog
from sqlalchemy import Row, delete, func, select, update
from sqlmodel import Session, col

from moderation.bulk import any_of
from moderation.bus.backoff import Backoff
from moderation.bus.dead_letters import DLQ_SUFFIX, park_unpublished
from moderation.bus.faultpoints import reach
from moderation.bus.leases import NamedLease
from moderation.bus.log import EventLog, NewRecord, PublishFailed
from moderation.bus.outbox import BELL, OutboxRow
from moderation.store import Database, now_ms

log = structlog.get_logger(__name__)
LEASE = "relay"


class Relay:
    """Publishes the outbox of `database` to `event_log`, `batch` rows at a time. `poll_s`: how soon it notices rows that
    another process wrote; `lease_s`: how long after this relay's death another takes over."""

    name = LEASE

    def __init__(
        self,
        database: Database,
        event_log: EventLog,
        *,
        batch: int = 500,
        poll_s: float = 0.1,
        lease_s: float = 10.0,
        backoff: Backoff | None = None,
    ) -> None:
        self._database, self._log, self._batch, self._poll_s = database, event_log, batch, poll_s
        self._lease = NamedLease(database, LEASE, ttl_s=lease_s)
        self._backoff = backoff or Backoff(cap_ms=5_000)
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Carry until `stop` is set, then hand the lease on."""
        while not stop.is_set():
            rung = self._database.bells.count([BELL])
            try:
                carried = self.run_once()
            except Exception as error:
                self._failures += 1
                log.warning("relay_failed", error=type(error).__name__, failures=self._failures)
                stop.wait(self._backoff.delay_ms(self._failures) / 1000)
                continue
            self._failures = 0
            if not carried:
                self._database.bells.wait([BELL], rung, self._poll_s)
        self._lease.release()

    def run_once(self) -> int:
        """Carry one batch; how many rows were sent or parked. 0 when there is nothing or another relay holds the lease.
        Raises `PublishFailed` when some must be tried again."""
        if self._lease.held() is None:
            return 0
        with self._database.read() as session:
            rows = unsent(session, self._batch)
        if not rows:
            return 0
        failure: PublishFailed | None = None
        try:
            self._log.publish([record_of(row) for row in rows])
        except PublishFailed as error:
            failure = error
        reach("relay.after_publish")
        with self._database.transaction() as session:
            done = settle(session, rows, failure)
        if failure and failure.unacknowledged:
            raise failure
        return done


Unsent = Row[int | None, str, str, str, bytes]
"""`id`, `topic`, `key`, `event_id` and `value` of a row."""


def unsent(session: Session, limit: int) -> Sequence[Unsent]:
    """The first `limit` rows not yet sent. Never `id > last`: a lower id may commit after a higher one was sent."""
    columns = (OutboxRow.id, OutboxRow.topic, OutboxRow.key, OutboxRow.event_id, OutboxRow.value)
    query = select(*map(col, columns)).where(col(OutboxRow.sent_ms).is_(None)).order_by(col(OutboxRow.id))
    return session.execute(query.limit(limit)).all()


def record_of(row: Unsent) -> NewRecord:
    """As the log wants it."""
    return NewRecord(row.topic, row.key, row.event_id, row.value)


def settle(session: Session, rows: Sequence[Unsent], failure: PublishFailed | None) -> int:
    """Mark what the log acknowledged as sent, park what it refused; how many rows that settles."""
    now = now_ms(session)
    waiting = frozenset(failure.unacknowledged) if failure else frozenset()
    refused = frozenset(failure.rejected) if failure else frozenset()
    for row in rows:
        if failure and row.event_id in refused and not row.topic.endswith(DLQ_SUFFIX):
            park_unpublished(session, record_of(row), failure, tries=1, now_ms=now)
            log.error("record_refused", topic=row.topic, event_id=row.event_id)
    settled = [row.id for row in rows if row.event_id not in waiting]
    unmarked = col(OutboxRow.sent_ms).is_(None)
    session.execute(
        update(OutboxRow).where(any_of(session, OutboxRow.id, settled), unmarked).values(sent_ms=now),
        execution_options={"synchronize_session": False},
    )
    return len(settled)


def lag(session: Session) -> tuple[int, int]:
    """(rows not yet sent, age in milliseconds of the oldest of them; 0 when there is none)."""
    query = select(func.count(), func.min(OutboxRow.created_ms)).where(col(OutboxRow.sent_ms).is_(None))
    count, oldest = session.execute(query).one()
    return int(count), 0 if oldest is None else max(0, now_ms(session) - int(oldest))


def purge_sent(session: Session, *, before_ms: int, limit: int = 1 << 30) -> int:
    """Delete rows sent before `before_ms`, `limit` at most; how many."""
    old = select(col(OutboxRow.id)).where(col(OutboxRow.sent_ms) < before_ms).limit(limit)
    gone = session.execute(delete(OutboxRow).where(col(OutboxRow.id).in_(old)).returning(col(OutboxRow.id)))
    return len(gone.all())
