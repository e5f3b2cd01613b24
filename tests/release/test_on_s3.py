"""The whole service with its files in a bucket: from the request to bytes served in ranges, and to none after a revocation."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from moderation.asset_files import AssetStoreUnavailable
from moderation.asset_s3 import S3Files
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from moderation.generation.tables import LikenessPortrait
from moderation.generation.uploads import keep_upload
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.release.upkeep import promote_released, tidy_cache
from moderation.store import Database, now_ms
from moderation.surface import http_app
from tests.support import media
from tests.support.conveyor import Conveyor, conveyor
from tests.support.s3 import Bucket
from tests.support.service import StubApplication, app_on, ask, enrol_person, send_all
from tests.support.surface import owners_headers

pytestmark = pytest.mark.integration


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path, bucket: Bucket) -> Iterator[StubApplication]:
    """Stub senses, a real bucket."""
    access = bucket.server.access()
    yield from app_on(
        sqlite_database, tmp_path / "home", asset_url=bucket.url, asset_endpoint_url=access.endpoint_url,
        asset_access_key=access.access_key, asset_secret_key=access.secret_key, lease_s=60,
    )  # fmt: skip


@pytest.fixture
def line(app: StubApplication) -> Iterator[Conveyor]:
    """All workers."""
    with conveyor(app) as made:
        yield made


@pytest.fixture
def client(app: StubApplication) -> Iterator[TestClient]:
    """The HTTP surface."""
    with TestClient(http_app(app)) as made:
        yield made


def age(app: StubApplication) -> None:
    """Let every local copy be unused for an hour."""
    assert app.assets.cache is not None
    for path in app.assets.cache.folder.iterdir():
        os.utime(path, (path.stat().st_mtime - 3600,) * 2)


def copies(app: StubApplication) -> set[str]:
    """The local copies."""
    assert app.assets.cache is not None
    return {path.name for path in app.assets.cache.folder.iterdir()}


def test_a_release_is_served_from_the_bucket_in_ranges_and_refused_once_revoked(
    app: StubApplication, line: Conveyor, client: TestClient, bucket: Bucket
) -> None:
    person = enrol_person(app, 1)
    (generation_id,) = send_all(app.database, [ask("a wave", person)])
    line.settle([generation_id], State.RELEASED)
    promote_released(app.database, app.assets)
    headers = owners_headers(app)
    view = client.get(f"/v1/generations/{generation_id}", headers=headers).json()
    link = client.get(f"/v1/releases/{view['release_id']}", headers=headers).json()
    url = link["url"].removeprefix(app.settings.public_url)
    whole = client.get(url)
    assert whole.status_code == 200
    assert hashlib.sha256(whole.content).hexdigest() == link["sha256"]
    part = client.get(url, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert client.get(url, headers={"Range": "bytes=-50"}).content == whole.content[-50:]
    assert "X-Amz" not in url
    assert str(bucket.server.port) not in link["url"]
    assert f"objects/{link['sha256'][:2]}/{link['sha256']}" in bucket.objects()
    with app.database.transaction() as session:
        revoke_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    assert client.get(url).status_code == 410
    line.settle([generation_id], State.WITHDRAWN)
    assert link["sha256"] in copies(app)
    age(app)
    tidy_cache(app.database, app.assets)
    assert link["sha256"] not in copies(app)


def test_a_release_whose_bytes_were_changed_in_the_bucket_is_not_served(
    app: StubApplication, line: Conveyor, client: TestClient, bucket: Bucket
) -> None:
    (generation_id,) = send_all(app.database, [ask()])
    line.settle([generation_id], State.RELEASED)
    promote_released(app.database, app.assets)
    headers = owners_headers(app)
    with app.database.read() as session:
        release_id = get_generation(session, generation_id).release_id
    link = client.get(f"/v1/releases/{release_id}", headers=headers).json()
    bucket.write(f"objects/{link['sha256'][:2]}/{link['sha256']}", b"something else")
    assert app.assets.cache is not None
    app.assets.cache.drop(link["sha256"])
    answer = client.get(link["url"].removeprefix(app.settings.public_url))
    assert answer.status_code == 503
    assert answer.json()["code"] == "release.bytes_missing"


def test_a_portrait_of_an_erased_likeness_leaves_the_bucket_and_the_copies(
    app: StubApplication, line: Conveyor, bucket: Bucket, tmp_path: Path
) -> None:
    person = enrol_person(app, 1)
    picture = media.image(tmp_path / "face.png", np.full((64, 64, 3), 90, np.uint8))
    sha256 = keep_upload(app.database, app.assets, picture, account_id=person.owner)
    with app.database.transaction() as session:
        session.add(LikenessPortrait(likeness_id=person.likeness_id, asset_sha256=sha256, created_ms=1))
    assert app.assets.path(sha256).is_file()
    with app.database.transaction() as session:
        erase_likeness(session, person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    while line.round():
        pass
    assert not any(sha256 in key for key in bucket.objects())
    assert sha256 not in copies(app)
    with app.database.read() as session:
        assert session.exec(select(LikenessPortrait)).all() == []


def test_a_bucket_that_is_away_holds_nothing_for_a_person_and_is_waited_for(
    app: StubApplication, line: Conveyor, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, failures = S3Files.fetch, iter(range(10**6))

    def away_at_first(self: S3Files, name: str, target: Path) -> None:
        if next(failures) < 4:
            raise AssetStoreUnavailable("the object store does not answer")
        fetch(self, name, target)

    monkeypatch.setattr(S3Files, "fetch", away_at_first)
    (generation_id,) = send_all(app.database, [ask()])
    line.settle([generation_id], State.RELEASED)
    assert next(failures) > 4


def test_health_asks_the_bucket(app: StubApplication, bucket: Bucket) -> None:
    assert {part.name: part.ok for part in app.health.check().parts}["object_store"]
    bucket.client.rmdir(bucket.name)
    (part,) = [part for part in app.health.check().parts if part.name == "object_store"]
    assert (part.ok, part.code) == (False, "asset_store.bucket_missing")


def test_the_key_of_the_bucket_is_shown_nowhere(app: StubApplication) -> None:
    secret = app.settings.asset_secret_key or ""
    assert secret
    assert secret not in repr(app.settings)
    assert secret not in app.metrics.render().decode()
