"""A withdrawal swept here and now: for the command line, which must report how far it reached before it ends.

The sweeper's job may run at the same time; every step is idempotent, so the two only share the work.
"""

from moderation.release.tables import Withdrawal
from moderation.release.withdraw import affected, finish, withdraw_one
from moderation.store import Database, now_ms


def sweep_now(database: Database, withdrawal_id: str) -> int:
    """Take back everything the withdrawal is about; how many generations it looked at."""
    with database.read() as session:
        withdrawal = session.get_one(Withdrawal, withdrawal_id)
        targets = affected(session, withdrawal)
    for generation_id in targets:
        with database.transaction() as session:
            withdraw_one(session, withdrawal, generation_id, now_ms=now_ms(session))
    with database.transaction() as session:
        finish(session, withdrawal_id, now_ms=now_ms(session))
    return len(targets)
