"""Killing and freezing workers: at each step by a fault point, and anywhere by a signal."""

import random
import signal
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from time import monotonic, sleep

from tests.faults.process import ALL, died_of_kill, send_signal
from tests.faults.test_zombies import is_stopped
from tests.soak.consent import Consent
from tests.soak.ground import Ground
from tests.soak.load import Load
from tests.soak.steps import Step
from tests.support.bus import until

REACHED_S = 60.0
AWAKE_S = 1.5
BEYOND_IDLE_S = 11.0
"""Longer than a lease, and than PostgreSQL lets a transaction stand idle."""


@dataclass
class Crew:
    """One healthy process of each worker and of the surface, started again when it dies; others may run beside."""

    ground: Ground
    members: dict[str, ForkServerProcess] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, stop: threading.Event) -> None:
        """Start again whoever died, for instance because the database was away when it started."""
        while not stop.wait(1.0):
            with self._turn:
                for name in [name for name, process in self.members.items() if not process.is_alive()]:
                    self.members[name] = self.ground.deployment.fleet.start(name)

    def start(self, *names: str) -> None:
        """Start these."""
        for name in names:
            self.replace(name)

    def replace(self, name: str) -> ForkServerProcess | None:
        """Start another in its place; the one before, who is no member any more."""
        with self._turn:
            before = self.members.get(name)
            self.members[name] = self.ground.deployment.fleet.start(name)
            return before

    def dismiss(self, name: str) -> None:
        """End one in good order, as a deployment does; whoever does not drain in time is killed."""
        with self._turn:
            process = self.members.pop(name)
        process.terminate()
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()


class AtStep:
    """A worker armed with a fault point, beside the healthy ones; it dies or freezes when it gets there."""

    def __init__(
        self, ground: Ground, crew: Crew, consent: Consent, load: Load, choose: random.Random
    ) -> None:
        self._ground, self._crew, self._consent = ground, crew, consent
        self._load, self._choose = load, choose
        self._one_relay = threading.Lock()

    def strike(self, step: Step, how: str) -> bool:
        """Whether the step was reached in time."""
        with self._one_relay if step.worker == "relay" else nullcontext():
            return self._strike(step, how)

    def _strike(self, step: Step, how: str) -> bool:
        only = step.worker == "relay"  # one at a time by lease: it must be ours
        if only:
            self._crew.dismiss(step.worker)
        armed = self._ground.deployment.fleet.start(step.worker, fault=f"{how}:{step.point}")
        try:
            return self._killed(armed, step) if how == "kill" else self._frozen(armed, step)
        finally:
            if armed.is_alive():
                armed.kill()
            armed.join()
            if only:
                self._crew.start(step.worker)

    def _killed(self, armed: ForkServerProcess, step: Step) -> bool:
        return self._reached(step, lambda: not armed.is_alive()) and died_of_kill(armed)

    def _frozen(self, armed: ForkServerProcess, step: Step) -> bool:
        if (
            not self._reached(step, lambda: not armed.is_alive() or is_stopped(armed.pid))
            or not armed.is_alive()
        ):
            return False
        lease_s = self._ground.settings.lease_s
        sleep(BEYOND_IDLE_S if self._choose.random() < 0.2 else lease_s + 1)
        send_signal(armed, signal.SIGCONT)
        sleep(AWAKE_S)
        armed.terminate()
        armed.join(3)
        return True

    def _reached(self, step: Step, condition: "object") -> bool:
        assert callable(condition)
        ends = monotonic() + REACHED_S
        while monotonic() < ends:
            self._provoke(step)
            if until(condition, 4.0, every_s=0.05):
                return True
        return False

    def _provoke(self, step: Step) -> None:
        """Give the sweeper what it is to be killed at."""
        if step.point.endswith("@forget"):
            self._consent.take_back(erase=True)
        elif step.point.endswith("@erase.deferred"):
            self._consent.take_back(erase=True, under_hold=True)
        elif step.worker == "sweeper" and ("withdraw" in step.point or step.point == "in_sweep"):
            self._consent.order(self._load)
        elif step.worker == "sweeper":
            self._consent.enrol()


class Anywhere:
    """kill -9, or SIGSTOP for longer than a lease and then SIGCONT, at whatever a healthy worker is doing."""

    def __init__(self, ground: Ground, crew: Crew, choose: random.Random) -> None:
        self._ground, self._crew, self._choose = ground, crew, choose

    def strike(self, how: str) -> None:
        """One worker, `killed` or `frozen`; another is started in its place."""
        victim = self._crew.replace(self._choose.choice(ALL))
        assert victim is not None
        if how == "frozen":  # another has taken over when the zombie wakes
            send_signal(victim, signal.SIGSTOP)
            sleep(self._ground.settings.lease_s + 1)
            send_signal(victim, signal.SIGCONT)
            sleep(AWAKE_S)
            victim.terminate()
            victim.join(3)
        if victim.is_alive():
            victim.kill()
        victim.join()
