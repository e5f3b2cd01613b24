"""Clocks that jump by hours: those of the workers, which nothing may hang on, and the database's, which rules.

A set-back database clock is the harder one: what was leased, put off or linked before must not wait, or live, until it has
caught up.
"""

import random
import subprocess
from collections.abc import Sequence
from time import sleep, time

import httpx

from tests.faults.process import ALL
from tests.soak.consent import Customer
from tests.soak.ground import Ground

HOUR_S = 3600
WORKER_JUMPS = {"5 h ahead": 5 * HOUR_S, "5 h behind": -5 * HOUR_S, "26 h ahead": 26 * HOUR_S}
DATABASE_JUMPS = {"3 h ahead": 3 * HOUR_S, "2 h behind": -2 * HOUR_S}
HELD_S = (4.0, 8.0)
LIVES_S, SLACK_S = 60, 5


def _is_dead(link: str, offset_s: int) -> bool:
    """Whether the database's clock, off by so much, must think it expired, or made in a time that never was."""
    expires_s = int(httpx.URL(link).params["expires"]) / 1000
    left_s = expires_s - time() - offset_s
    return not -SLACK_S < left_s < LIVES_S + SLACK_S


class WorkerClock:
    """All workers once more, in a process whose wall clock jumps."""

    def __init__(self, ground: Ground, choose: random.Random) -> None:
        self._ground, self._choose = ground, choose
        self._process: subprocess.Popen[bytes] | None = None

    def strike(self, jump: str) -> None:
        """Jump, work on for some seconds, and jump back."""
        self.start()
        self._ground.worker_clock.set(WORKER_JUMPS[jump])
        sleep(self._ground.pace * self._choose.uniform(*HELD_S))
        self._ground.worker_clock.set(0)

    def start(self) -> None:
        """Start the process, or start it again."""
        if self._process is None or self._process.poll() is not None:
            self._process = self._ground.start_beside(*ALL)

    def end(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class DatabaseClock:
    """PostgreSQL's clock jumps there and back; a link of a minute dies either way."""

    def __init__(self, ground: Ground, choose: random.Random, customer: Customer) -> None:
        self._ground, self._choose, self._customer = ground, choose, customer
        self.wrongs: list[str] = []
        self.links_tried = 0

    def strike(self, jump: str) -> None:
        """Jump, go on for some seconds, and jump back."""
        for offset_s in (DATABASE_JUMPS[jump], 0):
            held = list(self._customer.links.values())[-10:]
            self._ground.database_clock.set(offset_s)
            self._expect_dead([link for link in held if _is_dead(link, offset_s)][-3:])
            sleep(self._ground.pace * self._choose.uniform(*HELD_S))

    def _expect_dead(self, links: Sequence[str]) -> None:
        for link in links:
            try:
                status = httpx.get(link, timeout=5).status_code
            except httpx.HTTPError:
                continue  # the database, or the surface, is away: tried another time
            self.links_tried += 1
            if status < 300:
                self.wrongs.append(f"a link lived on over a jump of the clock: {status}")
