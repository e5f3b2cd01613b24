"""Bells that wake waiting threads of this process once the transaction that gave them work has committed.

Only a short cut: whoever waits also polls, because work may come from another process.
"""

import threading
from collections import Counter
from collections.abc import Iterable

from sqlmodel import Session

_KEY = "safeconduct_bells"


def ring_after_commit(session: Session, bell: str) -> None:
    """Ring `bell` when `session`'s transaction commits (if it was opened by `Database.transaction`)."""
    session.info.setdefault(_KEY, set()).add(bell)


def bells_of(session: Session) -> frozenset[str]:
    """The bells that `session` is to ring."""
    return frozenset(session.info.get(_KEY, ()))


class Bells:
    """Named bells of one process. A listener remembers the count it saw last, so no ring between two waits is missed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rung: Counter[str] = Counter()

    def ring(self, names: Iterable[str]) -> None:
        """Wake everyone who waits for one of `names`."""
        with self._changed:
            self._rung.update(names)
            self._changed.notify_all()

    def count(self, names: Iterable[str]) -> int:
        """How often `names` have rung so far, together: read it before looking for work."""
        with self._changed:
            return self._sum(names)

    def wait(self, names: Iterable[str], seen: int, timeout_s: float) -> bool:
        """Wait until `names` have rung more than `seen` times; False when `timeout_s` passed first."""
        listened = tuple(names)
        with self._changed:
            return self._changed.wait_for(lambda: self._sum(listened) > seen, timeout_s)

    def _sum(self, names: Iterable[str]) -> int:
        return sum(self._rung[name] for name in names)
