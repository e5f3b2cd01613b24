"""Forgetting what is only kept to be compared: old rulings of shadows, and counts that no guard looks at any more."""

from moderation.bus.upkeep import BATCH, in_batches
from moderation.gate.shadows import forget_shadows
from moderation.policy.tally import forget_counts
from moderation.steering.flood import FloodWatch
from moderation.store import Database, now_ms


def tidy_policies(database: Database, watch: FloodWatch, *, kept_ms: int, batch: int = BATCH) -> int:
    """Delete shadows' rulings older than `kept_ms`, and counts from before anything that is usual; how many rows."""
    with database.read() as session:
        now = now_ms(session)
    counted_from = now - 2 * (watch.window_ms + watch.usual_ms)
    return in_batches(
        database, lambda session: forget_shadows(session, before_ms=now - kept_ms, limit=batch), batch
    ) + in_batches(
        database, lambda session: forget_counts(session, before_ms=counted_from, limit=batch), batch
    )
