"""Upkeep of released and abandoned files: promotion after the commit, collection after a day."""

from sqlmodel import Session, col, select

from moderation.assets import AssetStore
from moderation.release.tables import Release
from moderation.store import Database, now_ms

STAGING_KEPT_MS = 24 * 3600 * 1000
"""DESIGN §4: staging without a commit is collected after 24 hours."""
RECENT = 50


def promote_released(database: Database, assets: AssetStore) -> int:
    """Move the files of recent releases from staging to their place; how many. Serving works from staging meanwhile."""
    with database.read() as session:
        recent = session.exec(
            select(Release.asset_sha256).order_by(col(Release.released_ms).desc()).limit(RECENT)
        ).all()
    waiting = [sha256 for sha256 in recent if assets.is_staged(sha256)]
    for sha256 in waiting:
        assets.promote(sha256)
    return len(waiting)


def collect_staging(database: Database, assets: AssetStore) -> int:
    """Delete files staged a day ago that no release ever named; promotes those that one does. How many were deleted."""
    with database.read() as session:
        at = now_ms(session)

        def released(sha256: str) -> bool:
            if not _is_released(session, sha256):
                return False
            assets.promote(sha256)
            return True

        return len(assets.collect_staging(older_than_ms=at - STAGING_KEPT_MS, keep=released))


def _is_released(session: Session, sha256: str) -> bool:
    return session.exec(select(Release.id).where(Release.asset_sha256 == sha256)).first() is not None
