"""Named places where a test may kill, freeze or fail this process, to prove what survives; in service they do nothing.

`SAFECONDUCT_FAULT=ACTION:POINT[@PLACE][:NTH]` with ACTION `kill` (SIGKILL), `freeze` (SIGSTOP) or `fail` (raises
`FaultInjected`) acts the NTH time (default first) the process reaches POINT, in PLACE (a job's kind) where one is named.
"""

import os
import signal
import threading
from collections import Counter

VARIABLE = "SAFECONDUCT_FAULT"
_reached: Counter[str] = Counter()
_lock = threading.Lock()


class FaultInjected(Exception):
    """A fault that a test asked for."""


def reach(point: str, place: str = "") -> None:
    """Say that `point` is reached; `place` says where, when many parts pass it."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    action, name, nth = (*wanted.split(":"), "1")[:3]
    if name not in (point, f"{point}@{place}"):
        return
    with _lock:
        _reached[name] += 1
        if _reached[name] != int(nth):
            return
    if action == "fail":
        raise FaultInjected(point)
    send({"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}[action])


def send(number: signal.Signals) -> None:
    """Send the signal to this very thread, which takes it before it runs on: a signal to the process may reach another thread
    first, and a freeze would come somewhere later. A test process may put something around it."""
    signal.pthread_kill(threading.get_ident(), number)
