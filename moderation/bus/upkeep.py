"""Forgetting what the bus needs no more: sent events, finished jobs, the ids of events seen long ago, and the embedded log's old
records, as a broker would. A few thousand rows at a time, so that nobody waits for the tidying."""

from collections.abc import Callable

from sqlmodel import Session

from moderation.bus.job_queue import purge_finished
from moderation.bus.positions import forget_seen
from moderation.bus.relay import purge_sent
from moderation.bus.sql_retention import compact, trim
from moderation.store import Database, now_ms

KEPT_MS = 30 * 24 * 3600 * 1000
"""Thirty days: longer than a broker keeps a record by default, and than a dead letter should wait for its replay."""
BATCH = 5000
"""Rows deleted in one transaction at most: on SQLite it keeps every other writer waiting."""


def tidy_bus(database: Database, *, kept_ms: int = KEPT_MS, batch: int = BATCH) -> int:
    """Delete what is older than `kept_ms`, and in compacted topics what is replaced; how many rows. Open dead letters, failed
    jobs and records that a group has yet to read stay."""
    with database.read() as session:
        before = now_ms(session) - kept_ms
    return sum(
        in_batches(database, step, batch)
        for step in (
            lambda session: purge_sent(session, before_ms=before, limit=batch),
            lambda session: purge_finished(session, before_ms=before, limit=batch),
            lambda session: forget_seen(session, before_ms=before, limit=batch),
            lambda session: trim(session, before_ms=before, limit=batch),
            lambda session: compact(session, limit=batch),
        )
    )


def in_batches(database: Database, step: Callable[[Session], int], batch: int) -> int:
    """Repeat `step`, each time in a transaction of its own, until it deletes fewer than `batch`; how many in all."""
    total = 0
    while True:
        with database.transaction() as session:
            deleted = step(session)
        total += deleted
        if deleted < batch:
            return total
