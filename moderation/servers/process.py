"""What the servers share: free ports, starting a process that outlives a Ctrl-C, and ending it for certain."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep


class ServerUnavailable(Exception):
    """A server program is missing or does not start; the text says what to install or where to look."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now, chosen at random by the kernel."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One server process in its own session, so that a signal to our process group does not reach it."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        user: tuple[int, int] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`user` is (uid, gid) to run as; `log` takes stdout and stderr; `environment` is added to ours."""
        uid, gid = user if user else (None, None)
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                list(command), stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                user=uid, group=gid, extra_groups=[] if user else None, cwd=log.parent,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip
        self.log = log

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    def wait_until(self, ready: Callable[[], bool], name: str, timeout_s: float) -> None:
        """Return when `ready()`; raises `ServerUnavailable` when the process ends or `timeout_s` passes first."""
        deadline = monotonic() + timeout_s
        while not ready():
            if self._child.poll() is not None or monotonic() > deadline:
                self.kill()
                tail = " / ".join(self.log.read_text(errors="replace").splitlines()[-3:])
                raise ServerUnavailable(
                    "server.not_started", f"{name}: did not start; {self.log} ends: {tail}"
                )
            sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Send a signal if it still runs."""
        if self._child.poll() is None:
            os.kill(self._child.pid, number)

    def stop(self, number: signal.Signals, timeout_s: float) -> None:
        """Ask with `number`, kill after `timeout_s`."""
        self.send(number)
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.send(signal.SIGKILL)
        self._child.wait()
