"""Over a real socket: what a client sees of a download that is revoked while it runs, and of a body that never ends."""

import http.client
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from moderation.accounts.models import Role
from moderation.api.links import make_link
from moderation.generation.state import State
from moderation.likenesses.commands import revoke_likeness
from moderation.store import Database
from tests.support.api import World, make_world
from tests.support.rows import generation, likeness, release, shows

pytestmark = pytest.mark.integration
FILE = os.urandom(1024 * 1024) * 64


@contextmanager
def _serving(world: World) -> Iterator[tuple[str, int]]:
    config = uvicorn.Config(
        world.app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield host, port
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def served(sqlite_database: Database) -> Iterator[tuple[World, http.client.HTTPConnection]]:
    """A surface behind a socket, with a released film of 64 MiB, and a connection to it."""
    world = make_world(sqlite_database)
    row = release(FILE)
    world.files.kept[row.asset_sha256] = FILE
    world.add(generation(state=State.RELEASED), likeness(), shows(), row)
    with _serving(world) as (host, port):
        connection = http.client.HTTPConnection(host, port, timeout=20)
        yield world, connection
        connection.close()
    world.services.health.close()


def _link(world: World) -> str:
    return make_link(world.services.link_secret, "rel_1", now_ms=world.now(), ttl_s=60).path


def test_a_whole_download_is_the_file(served: tuple[World, http.client.HTTPConnection]) -> None:
    world, connection = served
    connection.request("GET", _link(world))
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read() == FILE


def test_a_download_that_is_revoked_never_becomes_whole(
    served: tuple[World, http.client.HTTPConnection],
) -> None:
    world, connection = served
    connection.request("GET", _link(world))
    answer = connection.getresponse()
    assert len(answer.read(1024)) == 1024
    with world.database.transaction() as session:
        revoke_likeness(session, "lik_1", actor="acct_owner", now_ms=9)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    again = http.client.HTTPConnection(connection.host, connection.port, timeout=20)
    again.request("GET", _link(world))
    refused = again.getresponse()
    assert (refused.status, refused.headers["content-type"]) == (410, "application/problem+json")
    refused.read()
    again.close()


def test_an_upload_without_an_end_is_cut_off_at_the_limit(
    served: tuple[World, http.client.HTTPConnection],
) -> None:
    world, connection = served
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        while len(sent) < 10_000:
            sent.append(1)
            yield b"x" * 10_000

    headers = {**world.key(Role.OWNER), "Transfer-Encoding": "chunked"}
    try:
        connection.request("POST", "/v1/assets", body=endless(), headers=headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except ConnectionError:
        pass  # the server hung up while we still sent: cut off all the same
    assert len(sent) < 10_000
    assert world.files.kept.keys() == {release(FILE).asset_sha256}
