"""The asset store: an address always names its bytes, a crash leaves orphans only, and nothing committed is collected."""

import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.asset_cache import AssetCache
from moderation.asset_files import AssetStoreUnavailable, FolderFiles
from moderation.asset_remote import RemoteFiles
from moderation.assets import (
    SHELVES,
    AssetMissing,
    AssetStore,
    AssetTooLarge,
    BadAddress,
    HashMismatch,
    StagedAsset,
)

DATA = b"a video" * 10_000
SHA = hashlib.sha256(DATA).hexdigest()
FAR_FUTURE_MS = 1 << 60


@pytest.fixture(params=["folder", "remote", pytest.param("s3", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AssetStore]:
    if request.param == "folder":
        yield AssetStore(tmp_path / "assets")
        return
    if request.param == "s3":
        bucket = request.getfixturevalue("bucket")
        yield AssetStore(bucket.url, cache=tmp_path / "cache", access=bucket.server.access())
        return
    url = f"memory://{uuid4().hex}/assets"
    yield AssetStore(url, cache=tmp_path / "cache")
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(DATA)
    return path


def test_a_staged_file_is_named_by_its_content(store: AssetStore, video: Path) -> None:
    assert store.stage(video) == StagedAsset(SHA, len(DATA))
    assert store.is_staged(SHA)
    assert not store.exists(SHA)
    assert store.size(SHA) == len(DATA)
    with store.open(SHA) as stream:
        assert stream.read() == DATA


def test_a_promoted_file_has_left_staging(store: AssetStore, video: Path) -> None:
    store.stage(video)
    store.promote(SHA)
    assert store.exists(SHA)
    assert not store.is_staged(SHA)
    assert store.path(SHA).read_bytes() == DATA


def test_promoting_twice_changes_nothing(store: AssetStore, video: Path) -> None:
    store.stage(video)
    store.promote(SHA)
    store.promote(SHA)
    store.stage(video)
    store.promote(SHA)
    assert store.exists(SHA)
    assert not store.is_staged(SHA)


def test_promoting_what_was_never_staged_is_an_error(store: AssetStore) -> None:
    with pytest.raises(AssetMissing) as caught:
        store.promote(SHA)
    assert caught.value.code == "asset.missing"
    assert caught.value.field == "sha256"


def test_a_staged_file_can_be_reopened_by_path_for_proof(store: AssetStore, video: Path) -> None:
    store.stage(video)
    assert hashlib.sha256(store.path(SHA).read_bytes()).hexdigest() == SHA


def test_a_wrong_sha256_is_refused_and_nothing_is_kept(store: AssetStore, video: Path) -> None:
    with pytest.raises(HashMismatch) as caught:
        store.stage(video, expected="0" * 64)
    assert caught.value.code == "asset.hash_mismatch"
    assert SHA in str(caught.value)
    assert not store.is_staged(SHA)
    assert not store.is_staged("0" * 64)


def test_the_right_sha256_is_accepted(store: AssetStore, video: Path) -> None:
    assert store.stage(video, expected=SHA).sha256 == SHA


def test_a_stream_past_its_limit_is_refused_before_it_is_read_to_the_end(store: AssetStore) -> None:
    class Endless(io.RawIOBase):
        read_bytes = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: WriteableBuffer
            self.read_bytes += len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(AssetTooLarge, match="longer than 3000000 bytes"):
        store.stage_stream(io.BufferedReader(endless), limit=3_000_000)
    assert endless.read_bytes < 10_000_000


@pytest.mark.parametrize("address", ["", "abc", "../../etc/passwd", SHA.upper(), SHA + "0", f"{SHA}\n"])
def test_an_address_that_could_name_a_path_is_refused(store: AssetStore, address: str) -> None:
    actions: list[Callable[[str], object]] = [
        store.open, store.path, store.promote, store.exists, store.is_staged, store.remove, store.size
    ]  # fmt: skip
    for action in actions:
        with pytest.raises(BadAddress):
            action(address)


def test_only_old_orphans_are_collected(store: AssetStore, video: Path) -> None:
    store.stage(video)
    assert store.collect_staging(older_than_ms=1) == ()
    assert store.is_staged(SHA)
    assert store.collect_staging(FAR_FUTURE_MS) == (SHA,)
    assert not store.is_staged(SHA)


def test_what_a_committed_row_refers_to_is_never_collected(store: AssetStore, video: Path) -> None:
    store.stage(video)
    assert store.collect_staging(FAR_FUTURE_MS, keep=lambda sha256: sha256 == SHA) == ()
    assert store.is_staged(SHA)


def test_promoted_assets_are_never_collected(store: AssetStore, video: Path) -> None:
    store.stage(video)
    store.promote(SHA)
    assert store.collect_staging(FAR_FUTURE_MS) == ()
    assert store.exists(SHA)


def test_a_file_half_written_when_the_process_was_killed_is_collected(tmp_path: Path) -> None:
    store = AssetStore(tmp_path / "assets")
    orphan = tmp_path / "assets" / "tmp" / "tmpabc"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"half")
    assert store.collect_staging(older_than_ms=1, keep=lambda _sha256: True) == ()
    assert store.collect_staging(FAR_FUTURE_MS, keep=lambda _sha256: True) == ("tmpabc",)
    assert not orphan.exists()


def test_a_row_committed_while_the_file_is_put_aside_keeps_it(store: AssetStore, video: Path) -> None:
    store.stage(video)
    answers = iter([False, True, False, True])
    assert store.collect_staging(FAR_FUTURE_MS, keep=lambda _sha256: next(answers)) == ()
    assert store.is_staged(SHA)
    store.promote(SHA)
    assert store.collect_objects(SHA[:2], FAR_FUTURE_MS, keep=lambda _sha256: next(answers)) == ()
    assert store.path(SHA).read_bytes() == DATA


def test_promoted_orphans_are_collected_by_shelf_and_only_when_old(store: AssetStore, video: Path) -> None:
    store.stage(video)
    store.promote(SHA)
    other = next(shelf for shelf in SHELVES if shelf != SHA[:2])
    assert store.collect_objects(other, FAR_FUTURE_MS, keep=lambda _sha256: False) == ()
    assert store.collect_objects(SHA[:2], 1, keep=lambda _sha256: False) == ()
    assert store.collect_objects(SHA[:2], FAR_FUTURE_MS, keep=lambda _sha256: True) == ()
    assert store.exists(SHA)
    assert store.collect_objects(SHA[:2], FAR_FUTURE_MS, keep=lambda _sha256: False) == (SHA,)
    assert not store.exists(SHA)


def test_discarding_leaves_what_a_row_names(store: AssetStore, video: Path) -> None:
    store.stage(video)
    store.promote(SHA)
    assert not store.discard(SHA, keep=lambda _sha256: True)
    assert store.path(SHA).read_bytes() == DATA
    assert store.discard(SHA, keep=lambda _sha256: False)
    assert not store.exists(SHA)
    assert store.cache is None or list(store.cache.folder.iterdir()) == []


def test_a_store_that_works_answers_its_ping(store: AssetStore) -> None:
    store.ping()
    store.make()
    store.ping()


def test_collecting_an_empty_store_finds_nothing(store: AssetStore) -> None:
    assert store.collect_staging(FAR_FUTURE_MS) == ()


def test_removing_reaches_both_places_and_says_whether_there_was_anything(
    store: AssetStore, video: Path
) -> None:
    store.stage(video)
    store.promote(SHA)
    store.stage(video)
    assert store.remove(SHA)
    assert not store.exists(SHA)
    assert not store.is_staged(SHA)
    assert not store.remove(SHA)
    with pytest.raises(AssetMissing):
        store.path(SHA)


def test_verify_finds_bytes_that_rotted(tmp_path: Path, video: Path) -> None:
    store = AssetStore(tmp_path / "assets")
    store.stage(video)
    store.promote(SHA)
    store.verify(SHA)
    path = store.path(SHA)
    path.write_bytes(DATA[:-1] + b"!")
    with pytest.raises(HashMismatch, match="restore it"):
        store.verify(SHA)


def test_a_remote_copy_that_is_not_the_asset_is_never_handed_out(tmp_path: Path, video: Path) -> None:
    url = f"memory://{uuid4().hex}/assets"
    store = AssetStore(url, cache=tmp_path / "cache")
    store.stage(video)
    memory = fsspec.filesystem("memory")
    memory.pipe_file(f"{url.removeprefix('memory:/')}/staging/{SHA}", b"something else")
    with pytest.raises(HashMismatch):
        store.path(SHA)
    assert not (tmp_path / "cache" / SHA).exists()


def test_an_interrupted_ingest_leaves_nothing(tmp_path: Path) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            chunk = super().read(size)
            if not chunk:
                raise ConnectionResetError("gone")
            return chunk

    store = AssetStore(tmp_path / "assets")
    with pytest.raises(ConnectionResetError):
        store.stage_stream(Breaks(DATA))
    assert [path for path in (tmp_path / "assets").rglob("*") if path.is_file()] == []


def test_bytes_are_synced_before_the_name_appears(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(handle: int) -> None:
        order.append("fsync")
        fsync(handle)

    def noted_replace(self: Path, target: Path) -> Path:
        order.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    AssetStore(tmp_path / "assets").stage(video)
    assert order == ["fsync", "rename", "fsync"]


def test_many_threads_staging_and_promoting_the_same_file_agree(tmp_path: Path, video: Path) -> None:
    store = AssetStore(tmp_path / "assets")
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(10):
                store.stage(video)
                store.promote(SHA)
                assert store.path(SHA).stat().st_size == len(DATA)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    store.verify(SHA)


@given(st.binary(max_size=5000))
def test_what_comes_out_is_what_went_in(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    store = AssetStore(tmp_path_factory.getbasetemp() / "shared-assets")
    staged = store.stage_stream(io.BytesIO(data))
    store.promote(staged.sha256)
    with store.open(staged.sha256) as stream:
        assert stream.read() == data


def test_a_location_may_be_a_path_a_folder_or_a_file_url(tmp_path: Path, video: Path) -> None:
    for location in (tmp_path / "one", str(tmp_path / "two"), f"file://{tmp_path / 'three'}"):
        AssetStore(location).stage(video)
    for name in ("one", "two", "three"):
        assert FolderFiles(tmp_path / name).exists(f"staging/{SHA}")


def test_what_was_put_aside_by_a_process_that_died_goes_back_where_a_row_names_it(
    tmp_path: Path, video: Path
) -> None:
    store = AssetStore(tmp_path / "assets")
    store.stage(video)
    aside = tmp_path / "assets" / "tmp" / SHA
    (tmp_path / "assets" / "staging" / SHA).rename(aside)
    assert store.collect_staging(FAR_FUTURE_MS, keep=lambda _sha256: True) == ()
    store.verify(SHA)
    (tmp_path / "assets" / "objects" / SHA[:2] / SHA).rename(aside)
    assert store.collect_staging(FAR_FUTURE_MS) == (SHA,)
    assert not store.exists(SHA)


def test_a_store_that_is_away_is_not_taken_for_one_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    files = RemoteFiles("memory://pinged")
    files.ping()

    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(files._fs, "info", away)
    with pytest.raises(AssetStoreUnavailable):
        files.ping()


def test_a_cache_leaves_alone_what_is_not_its_own(tmp_path: Path) -> None:
    cache = AssetCache(tmp_path, max_bytes=1)
    foreign = tmp_path / "frames"
    foreign.mkdir()
    os.utime(foreign, (1, 1))

    def fetch(scratch: Path) -> None:
        scratch.write_bytes(DATA)

    assert cache.copy(SHA, fetch).read_bytes() == DATA
    assert cache.idle() == ()
    assert foreign.is_dir()
