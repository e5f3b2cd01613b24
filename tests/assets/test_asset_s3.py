"""The bucket behind the store: what can go wrong on the way is told apart, named by its setting, and leaves no half asset."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest

from moderation.asset_files import (
    AssetBucketMissing,
    AssetStoreDenied,
    AssetStoreError,
    AssetStoreMisconfigured,
    AssetStoreUnavailable,
)
from moderation.asset_s3 import PART_BYTES, S3Access, S3Files
from moderation.assets import AssetStore, HashMismatch
from moderation.bus.transient import is_transient
from moderation.servers.process import free_port
from tests.support.bus import until
from tests.support.s3 import SECRET, Bucket, S3Server

FAR_FUTURE_MS = 1 << 60


def store_in(bucket: Bucket, tmp_path: Path, *, cache_bytes: int = 1 << 30) -> AssetStore:
    return AssetStore(
        bucket.url, cache=tmp_path / "cache", cache_bytes=cache_bytes, access=bucket.server.access()
    )


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.integration
def test_objects_lie_under_the_prefix_staged_first(bucket: Bucket, tmp_path: Path) -> None:
    store = store_in(bucket, tmp_path)
    sha256 = store.stage(written(tmp_path / "clip", b"a clip")).sha256
    assert bucket.objects() == [f"staging/{sha256}"]
    store.promote(sha256)
    assert bucket.objects() == [f"objects/{sha256[:2]}/{sha256}"]


@pytest.mark.integration
def test_a_large_file_goes_up_in_parts_and_comes_back_whole(bucket: Bucket, tmp_path: Path) -> None:
    store = store_in(bucket, tmp_path)
    content = os.urandom(1 << 20) * (2 * PART_BYTES // (1 << 20) + 3)
    sha256 = store.stage(written(tmp_path / "large", content)).sha256
    store.promote(sha256)
    assert store.size(sha256) == len(content)
    assert hashlib.sha256(store.path(sha256).read_bytes()).hexdigest() == sha256
    assert bucket.uploads() == []


@pytest.mark.integration
@pytest.mark.parametrize("place", ["staging/{}", "objects/{}"])
def test_wrong_bytes_under_an_address_are_never_handed_out(
    bucket: Bucket, tmp_path: Path, place: str
) -> None:
    store = store_in(bucket, tmp_path)
    sha256 = store.stage(written(tmp_path / "clip", b"a clip")).sha256
    if place.startswith("objects"):
        store.promote(sha256)
        bucket.write(f"objects/{sha256[:2]}/{sha256}", b"another clip")
    else:
        bucket.write(f"staging/{sha256}", b"another clip")
    for read in (store.path, store.open, store.verify):
        with pytest.raises(HashMismatch, match="restore it"):
            read(sha256)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.integration
def test_more_than_a_thousand_files_are_listed_and_collected(bucket: Bucket, tmp_path: Path) -> None:
    names = {f"{number:064x}" for number in range(1_001)}
    bucket.client.pipe({f"{bucket.name}/media/staging/{name}": b"x" for name in names})
    store = store_in(bucket, tmp_path)
    assert {name.rpartition("/")[2] for name, _ in bucket.files().listed("staging")} == names
    kept = next(iter(names))
    assert set(store.collect_staging(1)) == set()
    some = set(sorted(names - {kept})[:5])
    assert set(store.collect_staging(FAR_FUTURE_MS, keep=lambda sha256: sha256 not in some)) == some


@pytest.mark.integration
def test_many_at_once_putting_the_same_content_agree(bucket: Bucket, tmp_path: Path) -> None:
    store = store_in(bucket, tmp_path)
    clip = written(tmp_path / "clip", b"the same clip" * 1000)
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(3):
                sha256 = store.stage(clip).sha256
                store.promote(sha256)
                assert store.path(sha256).stat().st_size == 13_000
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    (key,) = [key for key in bucket.objects() if key.startswith("objects/")]
    store.verify(key.rpartition("/")[2])


SLOW_PUT = """
import sys, time
from pathlib import Path
import s3fs
from moderation import asset_s3
from moderation.assets import AssetStore

async def stuck(self, *arguments, **more):
    print("parts begun", flush=True)
    time.sleep(60)

s3fs.S3FileSystem._upload_file_part_concurrent = stuck
url, endpoint, path = sys.argv[1:]
access = asset_s3.S3Access(endpoint_url=endpoint, access_key="test", secret_key="test")
AssetStore(url, access=access).stage(Path(path))
"""


@pytest.mark.integration
def test_a_put_that_is_killed_shows_nothing_and_its_parts_are_dropped_when_old(
    bucket: Bucket, tmp_path: Path
) -> None:
    large = written(tmp_path / "large", b"\0" * (2 * PART_BYTES + 1))
    command = [sys.executable, "-c", SLOW_PUT, bucket.url, bucket.server.url, str(large)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"parts begun\n"
        os.kill(child.pid, signal.SIGKILL)
    assert bucket.objects() == []
    assert len(bucket.uploads()) == 1
    store = store_in(bucket, tmp_path)
    store.collect_staging(older_than_ms=1)
    assert len(bucket.uploads()) == 1
    store.collect_staging(FAR_FUTURE_MS)
    assert bucket.uploads() == []


@pytest.mark.integration
def test_a_missing_bucket_is_named_whatever_is_asked_and_never_made_by_itself(
    s3_server: S3Server, tmp_path: Path
) -> None:
    store = AssetStore("s3://no-such-bucket/media", access=s3_server.access(), cache=tmp_path / "cache")
    address = "0" * 64
    clip = written(tmp_path / "clip", b"a clip")
    calls: list[Callable[[], object]] = [
        store.ping,
        lambda: store.stage(clip),
        lambda: store.exists(address),
        lambda: store.path(address),
        lambda: store.collect_staging(FAR_FUTURE_MS),
    ]
    for call in calls:
        with pytest.raises(AssetBucketMissing, match="make the bucket") as caught:
            call()
        assert caught.value.field == "SAFECONDUCT_ASSET_URL"
        assert "no-such-bucket" in str(caught.value)
    assert is_transient(caught.value)


@pytest.mark.integration
def test_a_bucket_is_made_when_somebody_asks_for_it(s3_server: S3Server, tmp_path: Path) -> None:
    for region in (None, "eu-central-1"):
        url = f"s3://made-{region or 'first'}"
        store = AssetStore(url, access=s3_server.access(region=region), cache=tmp_path / "cache")
        store.make()
        store.make()
        store.ping()
        assert store.collect_staging(FAR_FUTURE_MS) == ()


@pytest.mark.integration
def test_a_server_that_is_away_is_told_soon_and_waited_for(tmp_path: Path) -> None:
    access = S3Access(f"http://127.0.0.1:{free_port()}", None, "test", SECRET)
    store = AssetStore("s3://bucket", access=access, cache=tmp_path / "cache")
    with pytest.raises(AssetStoreUnavailable, match="does not answer") as caught:
        store.path("0" * 64)
    assert is_transient(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.integration
def test_refused_credentials_are_named_by_their_setting(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = bucket.files()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(files._fs, "call_s3", refuse)
    calls: list[Callable[[], object]] = [
        files.ping, lambda: files.exists("staging/x"), lambda: list(files.listed("staging"))
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(AssetStoreDenied) as caught:
            call()
        assert caught.value.field == "SAFECONDUCT_ASSET_ACCESS_KEY"
        assert "SAFECONDUCT_ASSET_SECRET_KEY" in caught.value.remedy
        assert SECRET not in str(caught.value)


def test_the_secret_is_never_shown() -> None:
    access = S3Access("http://127.0.0.1:1", "eu", "key", SECRET)
    assert SECRET not in repr(access)
    assert SECRET not in repr(vars(S3Files("s3://bucket", access)))


def test_a_url_without_a_bucket_is_refused() -> None:
    with pytest.raises(AssetStoreMisconfigured, match="BUCKET"):
        S3Files("s3://", S3Access())


@pytest.mark.parametrize("url", ["gopher://host/files", "sftp-nothing://x"])
def test_an_unknown_scheme_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(AssetStoreError, match="SAFECONDUCT_ASSET_URL"):
        AssetStore(url)


@pytest.mark.integration
def test_the_copies_keep_to_their_bytes_and_never_lose_one_in_use(bucket: Bucket, tmp_path: Path) -> None:
    store = store_in(bucket, tmp_path, cache_bytes=2_500)
    assert store.cache is not None
    addresses = []
    for number in range(4):
        addresses.append(store.stage(written(tmp_path / "clip", bytes([number]) * 1000)).sha256)
    for sha256 in addresses:
        assert store.path(sha256).is_file()
    assert {path.name for path in store.cache.folder.iterdir()} == set(addresses)
    for age, sha256 in zip((400, 300, 200, 100), addresses, strict=True):
        path = store.cache.folder / sha256
        stamp = path.stat().st_mtime - age
        os.utime(path, (stamp, stamp))
    store.path(addresses[0])
    store.cache.drop(addresses[3])
    store.path(addresses[3])
    assert {path.name for path in store.cache.folder.iterdir()} == {addresses[0], addresses[3]}


@pytest.mark.integration
def test_a_removed_asset_is_gone_from_the_copies_and_another_machine_does_not_use_its_own(
    bucket: Bucket, tmp_path: Path
) -> None:
    here, there = store_in(bucket, tmp_path / "here"), store_in(bucket, tmp_path / "there")
    sha256 = here.stage(written(tmp_path / "clip", b"a portrait")).sha256
    assert here.path(sha256).is_file()
    assert there.path(sha256).is_file()
    assert here.remove(sha256)
    assert list((tmp_path / "here" / "cache").iterdir()) == []
    with pytest.raises(Exception, match="nothing is stored"):
        there.path(sha256)


@pytest.mark.integration
def test_readers_at_once_fetch_a_file_once(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(bucket, tmp_path)
    sha256 = store.stage(written(tmp_path / "clip", b"a clip")).sha256
    fetched: list[str] = []
    fetch = S3Files.fetch

    def slow(self: S3Files, name: str, target: Path) -> None:
        fetched.append(name)
        sleep(0.2)
        fetch(self, name, target)

    monkeypatch.setattr(S3Files, "fetch", slow)
    threads = [threading.Thread(target=store.path, args=(sha256,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert until(lambda: not any(thread.is_alive() for thread in threads), 20)
    assert len(fetched) == 1
