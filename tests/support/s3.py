"""A bucket of an S3 server on loopback (`moto`), and what a test does to it behind the store's back."""

import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import s3fs

from moderation.asset_s3 import S3Access, S3Files
from moderation.servers.process import Process, ServerUnavailable, free_port
from tests.support.servers import unavailable

SECRET = "a-secret-of-the-test"


class S3Server:
    """`moto` as a process: it accepts any key, and keeps everything in memory."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = Process(command, folder / "s3.log")
        self._process.wait_until(self._answers, "moto", 60)
        self.client: Any = s3fs.S3FileSystem(  # no types
            endpoint_url=self.url,
            key="test",
            secret=SECRET,
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def access(self, **changes: Any) -> S3Access:
        """How a store reaches it."""
        return S3Access(**{"endpoint_url": self.url, "access_key": "test", "secret_key": SECRET, **changes})

    def stop(self) -> None:
        """End it."""
        self._process.kill()

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of the server, empty at first."""

    server: S3Server
    name: str

    @property
    def client(self) -> Any:
        """Of s3fs."""
        return self.server.client

    @property
    def url(self) -> str:
        """For `AssetStore`, with a prefix."""
        return f"s3://{self.name}/media"

    def files(self) -> S3Files:
        """The store's own view of it."""
        return S3Files(self.url, self.server.access())

    def objects(self) -> list[str]:
        """Every object, without the prefix."""
        found: list[str] = self.client.find(f"{self.name}/media")
        return sorted(name.removeprefix(f"{self.name}/media/") for name in found)

    def write(self, key: str, content: bytes) -> None:
        """Put an object there."""
        self.client.pipe_file(f"{self.name}/media/{key}", content)

    def uploads(self) -> list[Any]:
        """Uploads in parts that were not finished."""
        found: list[Any] = self.client.list_multipart_uploads(self.name)
        return found


def make_bucket(server: S3Server) -> Bucket:
    """A new bucket."""
    name = f"test-{secrets.token_hex(6)}"
    server.client.mkdir(name)
    return Bucket(server, name)


def run_server(folder: Path) -> Iterator[S3Server]:
    """A server for as long as the caller wants one."""
    try:
        server = S3Server(folder)
    except ServerUnavailable as error:
        unavailable(error)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for the session, on loopback."""
    yield from run_server(tmp_path_factory.mktemp("s3"))


@pytest.fixture
def bucket(s3_server: S3Server) -> Bucket:
    """A bucket of the test's own; mark the test `integration`."""
    return make_bucket(s3_server)
