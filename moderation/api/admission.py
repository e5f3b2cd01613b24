"""How many judgements are worked on and wait at once: a bound, so that a burst is told to come back instead of growing a queue.

Judging is work for the processor: more of it side by side than there are cores only makes each one later. What is turned away
was not judged; the caller gets 503, never a verdict.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from moderation.errors import Kind, ServiceError

T = TypeVar("T")


class TooManyWaiting(ServiceError):
    """As many judgements wait as may. Nothing was judged."""

    code = "judge.busy"
    kind = Kind.UNAVAILABLE


class Admission:
    """Runs work on `threads` threads of its own, with at most `waiting` pieces of work queued for them."""

    def __init__(self, *, threads: int, waiting: int) -> None:
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._most = threads + waiting
        self._lock = threading.Lock()
        self._inside = 0

    @property
    def inside(self) -> int:
        """How many are being made or wait."""
        return self._inside

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`. Raises `TooManyWaiting` at once when the queue is full, and whatever `work` raises."""
        self._enter()
        try:
            future = self._threads_now().submit(contextvars.copy_context().run, work)
        except BaseException:
            self._leave()
            raise
        future.add_done_callback(lambda _done: self._leave())  # also when the caller went away
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the threads: what runs is finished by its thread, what waits is given up. Work that comes later starts new ones:
        a server's life (ASGI lifespan) may begin again on the same application."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _threads_now(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="judge")
            return self._pool

    def _enter(self) -> None:
        with self._lock:
            if self._inside >= self._most:
                raise TooManyWaiting(
                    f"{self._inside} judgements are being made or wait; more are not taken",
                    remedy="send it again after the seconds in Retry-After; run another API process if this lasts",
                )
            self._inside += 1

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
