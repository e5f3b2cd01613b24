"""A throw-away PostgreSQL on 127.0.0.1 from Debian's binaries, as an unprivileged user when we are root.

Anybody on this machine may connect to it (trust on loopback): for tests and demonstrations only.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from moderation.servers.process import Process, ServerUnavailable, free_port

ROLE = "safeconduct"
_BINARIES = Path("/usr/lib/postgresql")


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`, the newest installed. Raises `ServerUnavailable`."""
    installed = sorted(_BINARIES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = installed[-1] if installed else shutil.which("initdb")
    if not found:
        raise ServerUnavailable(
            "server.postgres_missing", "initdb: not found; install it with `apt-get install postgresql`"
        )
    return Path(found).parent


class PostgresServer:
    """One cluster in a new folder in `where` (default: that of temporary files), which `remove` deletes.

    `durable=False` skips fsync: it survives a kill, not a power cut. `environment` is added to that of the server's processes.
    """

    def __init__(
        self, *, durable: bool = True, where: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self._binaries = find_binaries()
        self._user = _unprivileged_user()
        self.folder = Path(
            tempfile.mkdtemp(prefix="safeconduct-pg-", dir=where)
        )  # short: a socket path holds 107 bytes
        self.port = free_port()
        self._durable, self._environment = durable, environment
        self._process: Process | None = None
        if self._user:
            os.chown(self.folder, *self._user)
        self._initialise()

    def url(self, name: str = "postgres") -> str:
        """The SQLAlchemy URL of database `name`."""
        return f"postgresql+psycopg://{ROLE}@127.0.0.1:{self.port}/{name}"

    def start(self, timeout_s: float = 30) -> Self:
        """Start and wait until it answers; after `kill`, retries while its orphaned backends are going."""
        deadline = monotonic() + timeout_s
        while True:
            try:
                self._start_once(timeout_s)
                return self
            except ServerUnavailable:
                if monotonic() > deadline:
                    raise
                sleep(0.3)

    @property
    def running(self) -> bool:
        """Whether the server's first process has not ended."""
        return self._process is not None and self._process.running

    def stop_at_once(self) -> None:
        """Immediate shutdown: the next start recovers from the log."""
        if self._process:
            self._process.stop(signal.SIGQUIT, 15)

    def stop(self) -> None:
        """Fast shutdown; the data stays until `remove`."""
        if self._process:
            self._process.stop(signal.SIGINT, 15)

    def kill(self) -> None:
        """SIGKILL to the postmaster, as a power cut would look to clients."""
        if self._process:
            self._process.kill()

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, template: str = "template0") -> str:
        """A new empty database, or a copy of `template`; its name."""
        name = f"db_{secrets.token_hex(6)}"
        self._tool("createdb", "-T", template, name)
        return name

    def drop_database(self, name: str) -> None:
        """Delete a database, ending its sessions."""
        self._tool("dropdb", "--force", "--if-exists", name)

    def _tool(self, program: str, *arguments: str) -> None:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", ROLE]
        subprocess.run([str(self._binaries / program), *where, *arguments], check=True, capture_output=True)

    def _initialise(self) -> None:
        uid, gid = self._user if self._user else (None, None)
        command = [str(self._binaries / "initdb"), "-D", str(self.folder / "data"), "-U", ROLE, "-A", "trust",
                   "-E", "UTF8", "--locale=C", "--no-sync"]  # fmt: skip
        done = subprocess.run(
            command, user=uid, group=gid, extra_groups=[] if self._user else None, cwd=self.folder,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ServerUnavailable("server.not_started", f"initdb: {done.stderr.strip()[-500:]}")

    def _start_once(self, timeout_s: float) -> None:
        settings = {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": str(self.folder),
            "fsync": "on" if self._durable else "off", "max_connections": "200",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *options]
        self._process = Process(command, self.folder / "log", user=self._user, environment=self._environment)
        self._process.wait_until(self._answers, "postgres", timeout_s)

    def _answers(self) -> bool:
        command = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0


def _unprivileged_user() -> tuple[int, int] | None:
    """(uid, gid) of `postgres`, else `nobody`, when we are root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServerUnavailable(
        "server.no_user", "user: PostgreSQL does not run as root; add a user named postgres"
    )
