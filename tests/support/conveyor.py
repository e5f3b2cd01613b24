"""Runs the workers' loops on the test's own thread, one round at a time, so that a test can act between two steps."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from sqlmodel import col, select

from moderation.bootstrap import Application
from moderation.bus.consumer import ConsumerLoop
from moderation.bus.job_pool import JobPool
from moderation.bus.relay import Relay
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.workers import WORKERS, loops_of

POLL_S = 0.02


class Conveyor:
    """The loops of the named workers; all of them without names."""

    def __init__(self, app: Application, names: Sequence[str] = tuple(WORKERS)) -> None:
        self._app = app
        loops = loops_of(app, names)
        self._relays = [loop for loop in loops if isinstance(loop, Relay)]
        self._consumers = [loop for loop in loops if isinstance(loop, ConsumerLoop)]
        self._pools = [loop for loop in loops if isinstance(loop, JobPool)]

    def round(self) -> int:
        """Every loop once; how much was done."""
        done = sum(relay.run_once() for relay in self._relays)
        done += sum(consumer.run_once(POLL_S) for consumer in self._consumers)
        return done + sum(pool.run_once() for pool in self._pools)

    def until(self, condition: Callable[[], bool], within_s: float = 60) -> None:
        """Rounds until `condition`. Raises `TimeoutError` with the state of every generation."""
        deadline = monotonic() + within_s
        while not condition():
            if monotonic() > deadline:
                raise TimeoutError(f"still {self.states()}")
            self.round()

    def settle(self, ids: Sequence[str], state: State, within_s: float = 60) -> None:
        """Rounds until all generations are in `state`, and then until nothing is left to carry."""
        self.until(lambda: all(self.states().get(name) == state.value for name in ids), within_s)
        while self.round():
            pass

    def states(self) -> dict[str, str]:
        """The state of every generation."""
        with self._app.database.read() as session:
            rows = select(Generation.id, Generation.state).order_by(col(Generation.created_ms))
            return dict(session.exec(rows).all())

    def leave_alone(self, kind: str) -> None:
        """Run no job of this kind: the test does."""
        self._pools = [pool for pool in self._pools if pool.name != f"jobs:{kind}"]

    def close(self) -> None:
        """Leave the groups."""
        for consumer in self._consumers:
            consumer.close()


@contextmanager
def conveyor(app: Application, *without: str) -> Iterator[Conveyor]:
    """All workers but those named."""
    made = Conveyor(app, [name for name in WORKERS if name not in without])
    try:
        yield made
    finally:
        made.close()
