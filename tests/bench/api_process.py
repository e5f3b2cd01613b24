"""The API as a process of its own, as it is deployed, and a client that costs little beside it: connections are kept."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

from moderation.accounts.directory import ensure_account
from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.bootstrap import Application
from moderation.settings import Settings
from moderation.store import now_ms

START_S = 120.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class ApiProcess:
    """`safeconduct worker api` on a folder of its own and a free port; use as a context manager."""

    def __init__(self, home: Path, models_dir: Path) -> None:
        self._home = home
        self.key = _key_of(Settings(_env_file=None, home=home, models_dir=models_dir))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        environment = {
            **os.environ,
            "SAFECONDUCT_HOME": str(home),
            "SAFECONDUCT_MODELS_DIR": str(models_dir),
            "SAFECONDUCT_PORT": str(self.port),
        }
        command = [sys.executable, "-m", "moderation", "worker", "api"]
        with (home / "api.log").open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._local = threading.local()
        self._connections: list[HTTPConnection] = []

    @property
    def pid(self) -> int:
        """Of the server."""
        return self._process.pid

    def cpu_s(self) -> float:
        """CPU seconds of the server so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def rss_mb(self) -> float:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def judge(self, text: str) -> int:
        """`POST /v1/judgements`; the status. Each thread keeps its connection."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            self._connections.append(connection)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/judgements", json.dumps({"text": text}), headers)
        answer = connection.getresponse()
        answer.read()
        return int(answer.status)

    def __enter__(self) -> "ApiProcess":
        until = perf_counter() + START_S
        while True:
            with suppress(OSError):
                if self.judge("A lighthouse") == 200:
                    return self
            self._local.connection = None
            if perf_counter() > until or self._process.poll() is not None:
                raise TimeoutError(f"the API did not start:\n{(self._home / 'api.log').read_text()[-2000:]}")
            sleep(0.2)

    def __exit__(self, *_error: object) -> None:
        for connection in self._connections:
            connection.close()
        self._process.terminate()
        self._process.wait(timeout=30)


def _key_of(settings: Settings) -> str:
    app = Application(settings)
    with app.database.transaction() as session:
        at = now_ms(session)
        ensure_account(session, "acct_bench", actor="bench", now_ms=at)
        _, key = make_key(
            session, "acct_bench", name="bench", roles=[Role.PIPELINE], actor="bench", now_ms=at
        )
    app.close()
    return key


def on_schedule(
    work: Callable[[str], object], texts: Sequence[str], *, rate: float, clients: int = 16
) -> list[float]:
    """Milliseconds from when each text was due, `rate` per second, to its answer; an answer that came late for its turn in
    the queue counts in full."""

    def one(text: str, due: float) -> float:
        work(text)
        return (perf_counter() - due) * 1000

    with ThreadPoolExecutor(clients) as pool:
        answers, began = [], perf_counter() + 0.05
        for number, text in enumerate(texts):
            due = began + number / rate
            sleep(max(0.0, due - perf_counter()))
            answers.append(pool.submit(one, text, due))
        return [answer.result() for answer in answers]
