"""The recordings that a voice was enrolled from: nothing needs them once the template is made, so they are deleted at once."""

from collections.abc import Collection

from sqlalchemy import delete
from sqlmodel import Session, col, select

from moderation.bus.jobs import insert_job
from moderation.generation.tables import Asset, AssetHolder, LikenessPortrait
from moderation.generation.uploads import UPLOADED
from moderation.likenesses.forget import FORGET
from moderation.release.holds import preserved_files


def forget_recordings(
    session: Session, likeness_id: str, recordings: Collection[str], *, owner: str, now_ms: int
) -> None:
    """Take the recordings (sha256) from their owner, and queue the deletion of those that nobody else uploaded or shows and no
    legal hold preserves."""
    theirs = col(AssetHolder.sha256).in_(recordings), col(AssetHolder.account_id) == owner
    session.execute(delete(AssetHolder).where(*theirs))
    held = session.exec(select(AssetHolder.sha256).where(col(AssetHolder.sha256).in_(recordings))).all()
    shown = session.exec(
        select(LikenessPortrait.asset_sha256).where(col(LikenessPortrait.asset_sha256).in_(recordings))
    ).all()
    gone = sorted(set(recordings) - set(held) - set(shown) - preserved_files(session))
    if not gone:
        return
    session.execute(delete(Asset).where(col(Asset.sha256).in_(gone), col(Asset.role).in_(UPLOADED)))
    insert_job(
        session,
        kind=FORGET,
        subject_id=likeness_id,
        payload={"assets": gone},
        now_ms=now_ms,
        dedupe_key=f"recordings:{likeness_id}",
        max_attempts=100,
    )
