"""Upkeep of staging: what was released is promoted and kept, what was abandoned goes after a day."""

import os
from pathlib import Path
from time import time

import pytest

from moderation.assets import AssetStore
from moderation.generation.tables import Asset
from moderation.release.commit import Outcome, commit_release
from moderation.release.tables import Release
from moderation.release.upkeep import (
    RECENT,
    STAGING_KEPT_MS,
    ObjectSweep,
    Promoter,
    collect_staging,
    promote_released,
    tidy_cache,
    tidy_copies,
)
from moderation.store import now_ms
from moderation.web.frames import FOLDER, Frames
from moderation.workers import copies
from tests.support.media import image
from tests.support.releases import waiting
from tests.support.service import StubApplication


def staged(app: StubApplication, written_bytes: bytes, *, age_ms: int = 0) -> str:
    """A file in staging, written that long ago."""
    path = app.settings.home / "made"
    path.write_bytes(written_bytes)
    sha256 = app.assets.stage(path).sha256
    if age_ms:
        written = time() - age_ms / 1000
        (file,) = Path(app.settings.resolved_asset_url).glob(f"staging/{sha256}")
        os.utime(file, (written, written))
    return sha256


def content(app: StubApplication, sha256: str) -> bytes:
    """What serving reads."""
    with app.assets.open(sha256) as stream:
        return stream.read()


def release(app: StubApplication, sha256: str, *, at_ms: int = 1) -> None:
    """A release of that file on record."""
    half = waiting(app.database)
    with app.database.transaction() as session:
        assert commit_release(session, half, clock=now_ms) is Outcome.RELEASED
        row = session.get_one(Release, half.release_id)
        row.asset_sha256, row.released_ms = sha256, at_ms


def test_a_released_file_moves_to_its_place_and_stays_readable(app: StubApplication) -> None:
    sha256 = staged(app, b"a release")
    release(app, sha256)
    assert content(app, sha256) == b"a release"
    assert promote_released(app.database, app.assets) == 1
    assert app.assets.exists(sha256)
    assert not app.assets.is_staged(sha256)
    assert content(app, sha256) == b"a release"
    assert promote_released(app.database, app.assets) == 0


def test_what_no_release_names_is_not_promoted(app: StubApplication) -> None:
    orphan = staged(app, b"an orphan")
    assert promote_released(app.database, app.assets) == 0
    assert app.assets.is_staged(orphan)


def test_an_orphan_is_collected_after_a_day_and_not_before(app: StubApplication) -> None:
    young, old = staged(app, b"young"), staged(app, b"old", age_ms=STAGING_KEPT_MS + 60_000)
    nearly = staged(app, b"nearly", age_ms=STAGING_KEPT_MS - 60_000)
    assert collect_staging(app.database, app.assets) == 1
    assert [app.assets.is_staged(sha256) for sha256 in (young, nearly, old)] == [True, True, False]


def test_a_file_released_long_ago_and_never_promoted_is_kept_and_promoted_by_the_collection(
    app: StubApplication,
) -> None:
    sha256 = staged(app, b"forgotten", age_ms=3 * STAGING_KEPT_MS)
    release(app, sha256)
    for number in range(RECENT):  # so many releases later that the promotion does not look so far back
        release(app, f"{number:064x}", at_ms=2)
    assert promote_released(app.database, app.assets) == 0
    assert collect_staging(app.database, app.assets) == 0
    assert app.assets.exists(sha256)
    assert not app.assets.is_staged(sha256)


def output(app: StubApplication, sha256: str) -> None:
    """An output on record."""
    with app.database.transaction() as session:
        session.add(Asset(sha256=sha256, role="output", created_ms=1))


def test_an_output_on_record_is_promoted_by_the_collection_however_old(app: StubApplication) -> None:
    sha256 = staged(app, b"an output", age_ms=3 * STAGING_KEPT_MS)
    output(app, sha256)
    assert collect_staging(app.database, app.assets) == 0
    assert app.assets.exists(sha256)


def test_the_store_is_asked_about_each_release_once(
    app: StubApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    is_staged = AssetStore.is_staged

    def counted(self: AssetStore, sha256: str) -> bool:
        asked.append(sha256)
        return is_staged(self, sha256)

    monkeypatch.setattr(AssetStore, "is_staged", counted)
    promoter = Promoter(app.database, app.assets)
    first = staged(app, b"first")
    release(app, first)
    assert [promoter.promote() for _ in range(3)] == [1, 0, 0]
    second = staged(app, b"second")
    release(app, second, at_ms=2)
    assert [promoter.promote() for _ in range(3)] == [1, 0, 0]
    assert asked == [first, second]


def test_in_a_day_every_promoted_file_without_a_row_is_deleted_and_no_other(app: StubApplication) -> None:
    orphans = [staged(app, bytes([number])) for number in range(12)]
    kept, young = staged(app, b"kept"), staged(app, b"young")
    output(app, kept)
    for sha256 in (*orphans, kept, young):
        app.assets.promote(sha256)
    for sha256 in (*orphans, kept):
        written = time() - STAGING_KEPT_MS / 1000 - 60
        os.utime(app.assets.path(sha256), (written, written))
    sweep = ObjectSweep(app.database, app.assets)
    assert sum(sweep.run() for _ in range(24)) == len(orphans)
    assert not any(app.assets.exists(sha256) for sha256 in orphans)
    assert app.assets.exists(kept)
    assert app.assets.exists(young)


def test_a_folder_has_no_copies_to_delete(app: StubApplication) -> None:
    assert tidy_cache(app.database, app.assets) == 0


def test_frames_that_moderators_looked_at_go_with_the_file(app: StubApplication) -> None:
    picture = image(app.settings.home / "a.png")
    frames = Frames(app.settings.home / FOLDER, lambda _: picture)
    kept, erased = "a" * 64, "b" * 64
    output(app, kept)
    for sha256 in (kept, erased):
        frames.jpeg(sha256, 0)
    assert tidy_copies(app.database, frames) == 1
    assert frames.idle() == (kept,)
    assert [folder.name for folder in (app.settings.home / FOLDER).iterdir()] == [kept]


def test_every_process_deletes_copies_whatever_the_store_is(app: StubApplication) -> None:
    assert [loop.name for loop in copies(app)] == ["copies"]
