"""A withdrawal swept here and now: for the command line, which must report how far it reached before it ends.

The sweeper's job may run at the same time; every step is idempotent, so the two only share the work.
"""

from collections.abc import Iterator

from moderation.release.tables import Withdrawal
from moderation.release.withdraw import affected, finish, withdraw_one
from moderation.store import Database, now_ms


def sweep_now(database: Database, withdrawal_id: str) -> int:
    """Take back everything the withdrawal is about; how many generations it looked at."""
    looked_at = 0
    for withdrawal, generation_id in remaining(database, withdrawal_id):
        looked_at += 1
        with database.transaction() as session:
            withdraw_one(session, withdrawal, generation_id, now_ms=now_ms(session))
    with database.transaction() as session:
        finish(session, withdrawal_id, now_ms=now_ms(session))
    return looked_at


def remaining(database: Database, withdrawal_id: str) -> Iterator[tuple[Withdrawal, str]]:
    """What is to be taken back, until a look finds nothing new: a remix may be asked for while its parent still stands, after
    the first look. Once the parent is withdrawn, none can be released any more, so this ends."""
    done: set[str] = set()
    while True:
        with database.read() as session:
            withdrawal = session.get_one(Withdrawal, withdrawal_id)
            found = [target for target in affected(session, withdrawal) if target not in done]
        if not found:
            return
        for target in found:
            done.add(target)
            yield withdrawal, target
