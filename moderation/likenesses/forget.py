"""Forgetting the portraits of an erased likeness: the rows in the erasing transaction, the files right after it.

From the commit on nobody can name the pictures any more; a job then deletes the bytes, which no transaction can do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from moderation.assets import AssetStore
from moderation.bus.jobs import Effect, Job, Lease, insert_job, no_effect
from moderation.generation.tables import Asset, AssetHolder, LikenessPortrait
from moderation.generation.uploads import UPLOADED
from moderation.release.holds import preserved_files
from moderation.store import Database

FORGET = "forget"


def forget_portraits(session: Session, likeness_id: str, *, now_ms: int) -> None:
    """Drop the likeness' portraits and queue the deletion of their files; one that another likeness
    shows, or that a legal hold preserves, stays."""
    mine = col(LikenessPortrait.likeness_id) == likeness_id
    shown = session.exec(select(LikenessPortrait.asset_sha256).where(mine)).all()
    session.execute(delete(LikenessPortrait).where(mine))
    elsewhere = session.exec(
        select(LikenessPortrait.asset_sha256).where(col(LikenessPortrait.asset_sha256).in_(shown))
    ).all()
    gone = sorted(set(shown) - set(elsewhere) - preserved_files(session))
    if not gone:
        return
    session.execute(delete(AssetHolder).where(col(AssetHolder.sha256).in_(gone)))
    session.execute(delete(Asset).where(col(Asset.sha256).in_(gone), col(Asset.role).in_(UPLOADED)))
    insert_job(
        session,
        kind=FORGET,
        subject_id=likeness_id,
        payload={"assets": gone},
        now_ms=now_ms,
        dedupe_key=likeness_id,
        max_attempts=100,
    )


def delete_forgotten(database: Database, assets: AssetStore, hashes: Sequence[str]) -> int:
    """Delete the files that no row names; one that was uploaded anew meanwhile stays. How many there were."""

    def known(sha256: str) -> bool:
        with database.read() as session:
            return session.get(Asset, sha256) is not None

    return sum(assets.discard(sha256, keep=known) for sha256 in hashes)


@dataclass(frozen=True, slots=True)
class ForgetJob:
    """Deletes the files of an erased likeness' portraits. Running twice changes nothing."""

    database: Database
    assets: AssetStore
    kind: str = FORGET
    lease_s: float = 60.0

    def run(self, job: Job, lease: Lease) -> Effect:
        """Delete them; a store that does not answer is asked again."""
        delete_forgotten(self.database, self.assets, job.payload["assets"])
        return no_effect

    def on_exhausted(self, job: Job, error: BaseException) -> Effect:
        """The failed job stays in the table, and shows in the metrics: the operator deletes what the store would not."""
        return no_effect
