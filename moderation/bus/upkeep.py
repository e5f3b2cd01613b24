"""Forgetting what the bus needs no more: sent events, finished jobs, the ids of events seen long ago, and the embedded log's old
records, as a broker would."""

from moderation.bus.job_queue import purge_finished
from moderation.bus.positions import forget_seen
from moderation.bus.relay import purge_sent
from moderation.bus.sql import compact, trim
from moderation.store import Database, now_ms

KEPT_MS = 30 * 24 * 3600 * 1000
"""Thirty days: longer than a broker keeps a record by default, and than a dead letter should wait for its replay."""


def tidy_bus(database: Database) -> int:
    """Delete what is older than thirty days, and in compacted topics what is replaced; how many rows. Open dead letters and
    failed jobs stay."""
    with database.transaction() as session:
        before = now_ms(session) - KEPT_MS
        return (
            purge_sent(session, before_ms=before)
            + purge_finished(session, before_ms=before)
            + forget_seen(session, before_ms=before)
            + trim(session, before_ms=before)
            + compact(session)
        )
