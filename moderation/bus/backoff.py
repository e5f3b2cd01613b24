"""How long to wait before trying again: doubling, capped, with jitter so that many who failed together do not return together."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass


def fair_jitter() -> float:
    """Uniform in [0, 1)."""
    return secrets.randbelow(1 << 16) / (1 << 16)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Milliseconds; `jitter` gives a number in [0, 1), passed in so that tests choose it."""

    first_ms: int = 200
    cap_ms: int = 60_000
    jitter: Callable[[], float] = fair_jitter

    def delay_ms(self, attempt: int) -> int:
        """The wait after failed attempt number `attempt` (1, 2, …): between half and all of first·2^(attempt-1), capped."""
        full = min(self.cap_ms, self.first_ms * 2 ** min(max(attempt, 1) - 1, 30))
        return int(full * (0.5 + self.jitter() / 2))
