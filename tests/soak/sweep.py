"""One sweep: everything put together, from the first request to the last count."""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, sleep

from moderation.warming import API
from tests.faults.effects import all_quiet
from tests.faults.process import ALL
from tests.soak import checks
from tests.soak.clock import DATABASE_JUMPS, WORKER_JUMPS, DatabaseClock, WorkerClock
from tests.soak.consent import Consent, Customer
from tests.soak.disks import FullDisk
from tests.soak.ground import Ground
from tests.soak.havoc import Deck, Tally
from tests.soak.health import HealthWatch
from tests.soak.load import Load, patiently
from tests.soak.reader import Topics, read_topics
from tests.soak.servers import Broker, DatabaseServer
from tests.soak.steps import HOWS, STEPS
from tests.soak.storms import GROUPS, Storm
from tests.soak.strikes import Anywhere, AtStep, Crew
from tests.support.bus import until

RECOVERED_S = 90.0
SETTLE_S = 240.0
GRACE_S = 600.0


@dataclass
class Sweep:
    """The parts of one sweep on `ground`, and what they noted. `only` names single faults of `kinds`; none: all of them."""

    ground: Ground
    seed: int
    kinds: tuple[str, ...]
    only: frozenset[str] = frozenset()
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self.consent = Consent(self.ground, self._choose())
        self.load = Load(self.ground.database, self._choose(), self.consent.people)
        self.customer = Customer(self.ground, self.consent, self.load, self._choose())
        self.crew = Crew(self.ground)
        self.worker_clock = WorkerClock(self.ground, self._choose())
        self.database_clock = DatabaseClock(self.ground, self._choose(), self.customer)
        self.health = HealthWatch(self.ground)
        self.storm = Storm(self.ground, self._choose())
        self.skipped: dict[str, str] = {}

    def steps(self) -> Mapping[str, Callable[[], bool]]:
        """Each step, to be killed and to be frozen at."""
        if "steps" not in self.kinds:
            return {}
        at = AtStep(self.ground, self.crew, self.consent, self.load, self._choose())
        return {f"{how} {step}": partial(at.strike, step, how) for step in STEPS for how in HOWS}

    def acts(self) -> Mapping[str, Callable[[], bool]]:
        """Everything else, by name."""
        anywhere = Anywhere(self.ground, self.crew, self._choose())
        broker = Broker(self.ground, self._choose(), self.health)
        database = DatabaseServer(self.ground, self._choose(), self.health)
        disks = FullDisk(self.ground, self._choose(), self.health)
        found: dict[str, tuple[str, Callable[[], object]]] = {
            **{f"a worker {how}": ("anywhere", partial(anywhere.strike, how)) for how in ("killed", "frozen")},
            **{f"broker {how}": ("broker", partial(broker.strike, how)) for how in ("restarted", "killed")},
            **{f"PostgreSQL {how}": ("database", partial(database.strike, how))
               for how in ("restarted", "stopped at once", "killed")},
            **{f"disk of the {which} full": ("disk", partial(disks.strike, which)) for which in ("assets", "database")},
            **{f"workers' clock {jump}": ("clock", partial(self.worker_clock.strike, jump)) for jump in WORKER_JUMPS},
            **{f"database's clock {jump}": ("clock", partial(self.database_clock.strike, jump))
               for jump in DATABASE_JUMPS},
            **{f"rebalance storm on {group}": ("storms", partial(self.storm.strike, group)) for group in GROUPS},
            "a likeness revoked": ("consent", partial(self.consent.take_back, erase=False)),
            "a likeness erased": ("consent", partial(self.consent.take_back, erase=True)),
        }  # fmt: skip
        self.skipped = {kind: why for kind, why in self._impossible().items() if kind in self.kinds}
        wanted = {kind for kind in self.kinds if kind not in self.skipped}
        return {
            name: partial(self._timed, name, act)
            for name, (kind, act) in found.items()
            if kind in wanted and (not self.only or name in self.only)
        }

    def run(self, seconds: float, pause_s: tuple[float, float] = (0.5, 3.0)) -> None:
        """Load and faults for `seconds`, and for what never struck a while longer; then let everything settle."""
        self.crew.start(*ALL, API)
        if "clock" in self.kinds:
            self.worker_clock.start()
        self.consent.enrol()
        stop, watched, ends = threading.Event(), threading.Event(), monotonic() + seconds
        with _threads(self.tally, watched, self.crew.watch):
            with _threads(self.tally, stop, self.load.run, self.customer.run):
                assert until(lambda: len(self.load.released()) >= 3, 120), self.ground.deployment.fleet.logs()
                self._throw(ends, pause_s, stop)
            self.settle()

    def settle(self) -> None:
        """Wait until nothing moves any more."""
        self.worker_clock.end()
        moving = {"absent", "requested", "approved", "generated"}
        until(lambda: not moving & set(self._look().values()), SETTLE_S, every_s=0.5)
        patiently(lambda: all_quiet(self.ground.database, within_s=SETTLE_S))
        sleep(2)  # the sealer's turn
        self._look()

    def wrongs(self) -> list[str]:
        """Everything that is not as it must be."""
        books = checks.books_of(self.ground.database)
        handles = {person.handle for person in self.consent.left}
        self.topics: Topics = read_topics(self.ground.kafka.bootstrap, self.ground.settings.topic_prefix)
        return [
            *self.tally.errors,
            *self.load.steps_back,
            *self.customer.wrongs,
            *self.database_clock.wrongs,
            *self.health.wrongs,
            *checks.wrongs_of_generations(books, self.load.asked),
            *checks.wrongs_of_ends(books, self.load.asked, handles, set(self.consent.orders)),
            *checks.wrongs_of_the_rest(self.ground, books),
            *checks.wrongs_of_files(self.ground, books),
            *checks.wrongs_of_withdrawals(
                self.ground, [*self.consent.revoked.values(), *self.consent.orders.values()]
            ),
            *self.topics.out_of_order(books.written),
        ]

    def _throw(self, ends: float, pause_s: tuple[float, float], stop: threading.Event) -> None:
        steps = Deck(list(self.steps().items()), self._choose(), self.tally)
        acts = Deck(list(self.acts().items()), self._choose(), self.tally)
        dealers = [deck for deck in (steps, steps, steps, acts) if deck.open]
        threads = [
            threading.Thread(target=deck.deal, args=(ends, GRACE_S, pause_s, stop)) for deck in dealers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sleep(max(0.0, ends - monotonic()) if not dealers else 0)

    def _timed(self, name: str, act: Callable[[], object]) -> bool:
        """Do it, then wait for the next release: how long the service took to be of use again."""
        act()
        before, began = len(self.load.released()), monotonic()
        recovered = until(lambda: len(self.load.released()) != before, RECOVERED_S, every_s=0.1)
        self.tally.recovered_s.setdefault(name, []).append(monotonic() - began)
        if not recovered:
            self.tally.errors.append(
                f"{name}: nothing was released within {RECOVERED_S:g} s after it had passed"
            )
        return True

    def _impossible(self) -> dict[str, str]:
        disks = self.ground.disk.why_not or self.ground.database_disk.why_not
        found = {"disk": disks, "clock": self.ground.worker_clock.why_not}
        return {kind: why for kind, why in found.items() if why}

    def _look(self) -> Mapping[str, str]:
        self.load.look()
        return {name: self.load.seen.get(name, "absent") for name in self.load.asked}

    def _choose(self) -> random.Random:
        return random.Random(self._dice.randrange(1 << 62))


@contextmanager
def _threads(
    tally: Tally, stop: threading.Event, *targets: Callable[[threading.Event], None]
) -> Iterator[None]:
    """Run these beside the block; what they raise is an error of the sweep."""

    def run(target: Callable[[threading.Event], None]) -> None:
        try:
            target(stop)
        except Exception as error:
            tally.errors.append(f"{target.__qualname__}: {type(error).__name__}: {error}"[:500])

    threads = [threading.Thread(target=run, args=(target,), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
