"""Killing workers while the demonstration runs: what is asked for must become of it all the same."""

import time
from collections.abc import Callable, Sequence

from moderation.demo.stage import Stage

VICTIMS = ("generator", "output-gate", "relay", "request-gate", "release", "sweeper")
FIRST_S, EVERY_S = 6.0, 9.0


class Chaos:
    """Kills (SIGKILL) and restarts one worker after the other, each once; `say` is told of every kill."""

    def __init__(self, stage: Stage, say: Callable[[str], None], victims: Sequence[str] = VICTIMS) -> None:
        self._stage = stage
        self._say = say
        self._victims = [name for name in victims if name in stage.names]
        self._next = time.monotonic() + FIRST_S

    def __call__(self) -> None:
        """Call it often; it acts when it is time."""
        if self._victims and time.monotonic() >= self._next:
            name = self._victims.pop(0)
            self._say(f"kill -9 {name}, and start it again")
            self._stage.kill_and_restart(name)
            self._next = time.monotonic() + EVERY_S


def no_chaos() -> None:
    """Leave everything alone."""
