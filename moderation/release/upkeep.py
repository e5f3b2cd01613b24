"""Upkeep of released and abandoned files: promotion after the commit, collection after a day, local copies while in use.

A file is kept because a committed row names it, and for no other reason. Whoever deletes one asks for its row at that moment,
and asks again when the file is out of sight.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from sqlmodel import Session, col, select

from moderation.assets import SHELVES, AssetStore
from moderation.generation.tables import Asset
from moderation.release.tables import Release, ReleaseState
from moderation.store import Database, now_ms

STAGING_KEPT_MS = 24 * 3600 * 1000
"""DESIGN §4: staging without a commit is collected after 24 hours."""
RECENT = 50
SHELVES_AT_ONCE = 11
"""Of 256: at one look an hour every shelf is swept once a day."""


class Promoter:
    """Moves the files of recent releases from staging to their place; serving works from staging meanwhile. It asks the store
    about each file once: a remote one charges for every question."""

    def __init__(self, database: Database, assets: AssetStore) -> None:
        self._database, self._assets = database, assets
        self._done: frozenset[str] = frozenset()

    def promote(self) -> int:
        """How many were moved."""
        with self._database.read() as session:
            recent = session.exec(
                select(Release.asset_sha256).order_by(col(Release.released_ms).desc()).limit(RECENT)
            ).all()
        waiting = [sha256 for sha256 in recent if sha256 not in self._done and self._assets.is_staged(sha256)]
        for sha256 in waiting:
            self._assets.promote(sha256)
        self._done = frozenset(recent)
        return len(waiting)


def promote_released(database: Database, assets: AssetStore) -> int:
    """Once, asking about every recent release; how many were moved."""
    return Promoter(database, assets).promote()


def collect_staging(database: Database, assets: AssetStore) -> int:
    """Delete files staged a day ago that no committed row names; promotes those that one does. How many were deleted."""
    named = is_named(database)

    def kept(sha256: str) -> bool:
        if not named(sha256):
            return False
        if assets.is_staged(sha256):
            assets.promote(sha256)
        return True

    return len(assets.collect_staging(older_than_ms=_a_day_ago(database), keep=kept))


class ObjectSweep:
    """Deletes promoted files that no row names: a few shelves at a time, all of them in a day."""

    def __init__(self, database: Database, assets: AssetStore) -> None:
        self._database, self._assets = database, assets
        self._next = 0

    def run(self) -> int:
        """Sweep the next shelves; how many files were deleted."""
        before, named, deleted = _a_day_ago(self._database), is_named(self._database), 0
        for _ in range(SHELVES_AT_ONCE):
            shelf = SHELVES[self._next]
            deleted += len(self._assets.collect_objects(shelf, before, keep=named))
            self._next = (self._next + 1) % len(SHELVES)
        return deleted


class Copies(Protocol):
    """What this machine keeps of files by their address, beside the store."""

    def idle(self) -> tuple[str, ...]:
        """Addresses of what may be deleted now."""
        ...

    def drop(self, sha256: str) -> None:
        """Delete what is kept of one, if there is anything."""
        ...


def tidy_copies(database: Database, copies: Copies) -> int:
    """Delete this machine's copies of what was erased or withdrawn; how many. Other machines do the same with theirs."""
    idle = copies.idle()
    with database.read() as session:
        wanted = _usable(session, idle)
    gone = [sha256 for sha256 in idle if sha256 not in wanted]
    for sha256 in gone:
        copies.drop(sha256)
    return len(gone)


def tidy_cache(database: Database, assets: AssetStore) -> int:
    """The same for the copies of a remote store; a store in a folder has none."""
    return tidy_copies(database, assets.cache) if assets.cache is not None else 0


def is_named(database: Database) -> Callable[[str], bool]:
    """Whether a committed row names the file, asked anew each time."""

    def named(sha256: str) -> bool:
        with database.read() as session:
            if session.get(Asset, sha256) is not None:
                return True
            return session.exec(select(Release.id).where(Release.asset_sha256 == sha256)).first() is not None

    return named


def _usable(session: Session, addresses: Iterable[str]) -> frozenset[str]:
    """Those that a row names, without withdrawn releases."""
    wanted = tuple(addresses)
    files = session.exec(select(Asset.sha256).where(col(Asset.sha256).in_(wanted))).all()
    releases = session.exec(
        select(Release.asset_sha256, Release.state).where(col(Release.asset_sha256).in_(wanted))
    ).all()
    withdrawn = {sha256 for sha256, state in releases if state == ReleaseState.WITHDRAWN.value}
    return frozenset((set(files) | {sha256 for sha256, _ in releases}) - withdrawn)


def _a_day_ago(database: Database) -> int:
    with database.read() as session:
        return now_ms(session) - STAGING_KEPT_MS
