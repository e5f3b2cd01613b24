"""Throws faults at the service: steps on one thread, everything around the workers on another, each dealt from a shuffled deck.

A deck holds every fault once; when it is empty it is shuffled anew. So each fault comes, and no order is the rule.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from moderation.bus.transient import is_transient

Act = tuple[str, Callable[[], bool]]
"""A name for the report, and what to do; False when the fault was not reached and must be tried again."""


@dataclass
class Tally:
    """How often each fault struck, what was not reached, and how long the service then took to release again (seconds)."""

    struck: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    recovered_s: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


class Deck:
    """Deals acts at random until time is up, and then until each struck at least once. Several threads may deal from one."""

    def __init__(self, acts: Sequence[Act], choose: random.Random, tally: Tally) -> None:
        self._acts, self._choose, self._tally = dict(acts), choose, tally
        self._cards: list[str] = []
        self._lock = threading.Lock()

    def deal(self, ends: float, grace_s: float, pause_s: tuple[float, float], stop: threading.Event) -> None:
        """Until the monotonic time `ends`; at most `grace_s` longer for what never struck."""
        while monotonic() < ends or (self.open and monotonic() < ends + grace_s):
            self._strike(self._draw(late=monotonic() >= ends))
            if stop.wait(self._choose.uniform(*pause_s)):
                return

    @property
    def open(self) -> set[str]:
        """What never struck."""
        return {name for name in self._acts if not self._tally.struck[name]}

    def _draw(self, *, late: bool) -> str:
        with self._lock:
            if not self._cards:
                self._cards = (sorted(self.open) if late else []) or list(self._acts)
                self._choose.shuffle(self._cards)
            return self._cards.pop()

    def _strike(self, name: str) -> None:
        try:
            struck = self._acts[name]()
        except Exception as error:
            if not is_transient(error):
                self._tally.errors.append(f"{name}: {type(error).__name__}: {error}"[:500])
            struck = False
        (self._tally.struck if struck else self._tally.missed)[name] += 1
