"""The deployment that compose.yaml describes works: its own commands, on real Kafka, PostgreSQL and an S3 server.

One request with a likeness goes through every container, comes back as a verified file from S3, and is taken back.
"""

import base64
import hashlib
import re
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import boto3
import httpx
import psycopg
import pytest

from moderation.demo.client import Client
from moderation.demo.inputs import make_inputs
from moderation.servers.kafka import KafkaServer
from moderation.servers.postgres import PostgresServer
from moderation.servers.process import Process, free_port
from tests.compose import file
from tests.compose.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.models]
PATIENCE_S = 150.0
OVER = frozenset({"released", "refused", "held", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Story:
    """What happened."""

    view: Mapping[str, Any]
    served: bytes
    sha256: str
    verified: Mapping[str, Any]
    stored: frozenset[str]
    revoked: Mapping[str, Any]
    afterwards: int
    ended: Mapping[str, Sequence[int]]


@pytest.fixture(scope="module")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of an S3 server on loopback, in a process of its own."""
    port = free_port()
    log = tmp_path_factory.mktemp("s3") / "log"
    server = Process([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], log)
    server.wait_until(lambda: "Running on" in log.read_text(errors="replace"), "s3", 60)
    yield f"127.0.0.1:{port}"
    server.kill()


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: PostgresServer,
    kafka_server: KafkaServer,
    object_store: str,
    models_dir: Path,
) -> Iterator[Story]:
    """The stack, started, used and stopped."""
    home = tmp_path_factory.mktemp("compose")
    variables = {
        **file.example(), "POSTGRES_PASSWORD": "secret", "MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "S3_ACCESS_KEY": "access", "S3_SECRET_KEY": "secret", "PARTITIONS": "2",
    }  # fmt: skip
    addresses = {
        "postgres:5432": f"127.0.0.1:{postgres_server.port}",
        "kafka:9092": kafka_server.bootstrap,
        "s3:8333": object_store,
        "0.0.0.0": "127.0.0.1",
    }
    (home / "volume").mkdir()
    stack = Stack(file.services(variables), addresses, {"home": home / "volume", "models": models_dir}, home)
    with _database_of_the_file(postgres_server):
        try:
            yield _play(stack, home, object_store)
        finally:
            stack.kill()


def test_one_request_went_through_every_gate_and_was_released(story: Story) -> None:
    assert [(one["stage"], one["verdict"]) for one in story.view["decisions"]] == [
        ("request", "allow"),
        ("output", "allow"),
    ]
    assert story.view["state"] == "released"


def test_the_file_that_is_served_is_the_one_in_the_bucket_and_verifies_as_ours(story: Story) -> None:
    assert hashlib.sha256(story.served).hexdigest() == story.sha256
    assert any(name.endswith(story.sha256) for name in story.stored)
    assert story.verified["answer"] == "ours_intact"


def test_after_the_owner_revoked_the_same_link_answers_410(story: Story) -> None:
    assert story.revoked["changed"] is True
    assert story.afterwards == 410


def test_every_container_drains_on_sigterm_within_its_grace_and_exits_with_0(story: Story) -> None:
    assert story.ended.keys() == {
        "api", "request-gate", "output-gate", "generator", "release", "relay", "sweeper",
    }  # fmt: skip
    assert len(story.ended["request-gate"]) == 2
    assert {status for statuses in story.ended.values() for status in statuses} == {0}


def _play(stack: Stack, home: Path, object_store: str) -> Story:
    stack.up()
    base_url = f"http://127.0.0.1:{stack.port('api')}"
    admin = Client(base_url, re.findall(r"First admin key.*: (sk_\S+)", stack.said["prepare"])[0])
    owner = _owner(admin)
    likeness_id = _enrolled(owner, home)
    view = _released(owner, likeness_id)
    link = _reachable(owner.call("GET", f"/v1/releases/{view['release_id']}")["url"], base_url)
    served = httpx.get(link, trust_env=False).content
    verified = owner.call("POST", "/v1/verify", files={"file": served})
    sha256 = owner.call("GET", f"/v1/releases/{view['release_id']}")["sha256"]
    stored = _objects(object_store)
    revoked = owner.call("POST", f"/v1/likenesses/{likeness_id}/revoke", json={})
    afterwards = httpx.get(link, trust_env=False).status_code
    ended = stack.down()
    return Story(view, served, sha256, verified, stored, revoked, afterwards, ended)


def _owner(admin: Client) -> Client:
    """A person with a key, made through the API with the key that `prepare` showed."""
    admin.call("POST", "/v1/accounts", json={"id": "owner", "under_18": False})
    made = admin.call("POST", "/v1/accounts/owner/keys", json={"name": "test", "roles": ["owner"]})
    return Client(admin.base_url, made["key"])


def _enrolled(owner: Client, home: Path) -> str:
    """Their likeness, which they alone may use."""
    portrait = owner.upload(make_inputs(home / "inputs").portrait)
    body = {"handle": "ada", "portraits": [portrait], "minor": False}
    likeness_id = str(owner.call("POST", "/v1/likenesses", json=body)["likeness_id"])
    terms = {"audience": "only_me", "purposes": ["video"]}
    owner.call("POST", f"/v1/likenesses/{likeness_id}/grants", json=terms)
    return likeness_id


def _released(owner: Client, likeness_id: str) -> Mapping[str, Any]:
    """A short clip that shows them, when it is over."""
    prompt = "@ada walks through a botanical garden and smiles at the camera. Sunlight falls through the glass roof."
    body = {"prompt": prompt, "likenesses": [likeness_id], "parameters": {"seconds": 1}}
    asked = owner.call("POST", "/v1/generations", json=body, headers={"Prefer": "respond-async"})
    deadline = monotonic() + PATIENCE_S
    while (view := owner.generation(asked["id"]))["state"] not in OVER and monotonic() < deadline:
        sleep(0.3)
    assert view["state"] == "released", view
    return view


def _reachable(link: str, base_url: str) -> str:
    """The link with the published address in place of what PUBLIC_URL says: the port is the test's own."""
    return base_url + link[link.index("/v1/") :]


def _objects(object_store: str) -> frozenset[str]:
    """What lies in the bucket."""
    client = boto3.client(
        "s3", endpoint_url=f"http://{object_store}", region_name="us-east-1",
        aws_access_key_id="access", aws_secret_access_key="secret",
    )  # fmt: skip
    return frozenset(item["Key"] for item in client.list_objects_v2(Bucket="safeconduct").get("Contents", ()))


@contextmanager
def _database_of_the_file(server: PostgresServer) -> Iterator[None]:
    """The database that the file's URL names, on this server, for as long as the test lasts."""
    url = server.url().replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE safeconduct")
    try:
        yield
    finally:
        server.drop_database("safeconduct")
