"""Whether each part works, asked of the part itself: it registers a `ping` that raises when it does not.

A ping that hangs counts as failing after its time, so that the answer comes in bounded time. Nothing is cached: red means red
now. Missing or stale indexes, models and policies raise from their own pings.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from time import perf_counter

from moderation.errors import shorten

Ping = Callable[[], object]
PING_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part: whether its ping came back, why not (`code` is stable where the error has one), and how long it took."""

    name: str
    ok: bool
    code: str
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class HealthReport:
    """All parts, in order of their names."""

    parts: tuple[PartHealth, ...]

    @property
    def ok(self) -> bool:
        """Whether every part works. A service of which nothing is known is not healthy."""
        return bool(self.parts) and all(part.ok for part in self.parts)


class Health:
    """The parts of one process. Registering a name again replaces its ping."""

    def __init__(self, *, timeout_s: float = PING_TIMEOUT_S) -> None:
        self._pings: dict[str, Ping] = {}
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")
        self._hanging: dict[str, Future[PartHealth]] = {}

    def register(self, name: str, ping: Ping) -> None:
        """`ping` returns when the part works and raises when it does not."""
        self._pings[name] = ping

    @property
    def names(self) -> Iterable[str]:
        """The registered parts."""
        return tuple(sorted(self._pings))

    def check(self) -> HealthReport:
        """Ping every part side by side."""
        deadline = perf_counter() + self._timeout_s
        running = {name: self._start(name) for name in self.names}
        return HealthReport(tuple(self._collect(name, future, deadline) for name, future in running.items()))

    def close(self) -> None:
        """Stop; a ping that hangs is abandoned."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, name: str) -> "Future[PartHealth]":
        """A ping that still hangs is waited for again rather than started anew: it may hold a thread, not all of them."""
        hanging = self._hanging.pop(name, None)
        if hanging is not None and not hanging.done():
            return hanging
        return self._pool.submit(_ping, name, self._pings[name])

    def _collect(self, name: str, future: "Future[PartHealth]", deadline: float) -> PartHealth:
        try:
            return future.result(timeout=max(0.0, deadline - perf_counter()))
        except FutureTimeout:
            self._hanging[name] = future
            return PartHealth(
                name, False, "health.timeout", f"no answer within {self._timeout_s} s", self._timeout_s
            )


def _ping(name: str, ping: Ping) -> PartHealth:
    began = perf_counter()
    try:
        ping()
    except Exception as error:
        code = str(getattr(error, "code", "") or type(error).__name__)
        return PartHealth(name, False, code, shorten(str(error), 300), perf_counter() - began)
    return PartHealth(name, True, "", "", perf_counter() - began)
