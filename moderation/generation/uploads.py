"""Files that come from outside: whatever they hold is judged later, by the gate; here is kept who may name them.

The same bytes may come from several accounts. Each of them may use the file, and nobody else: an address is no secret, and it
must not even tell whether somebody sent that very picture before.
"""

from pathlib import Path
from typing import Final

from sqlmodel import Session, col, select

from moderation.assets import AssetStore
from moderation.generation.tables import Asset, AssetHolder
from moderation.sql import insert_new
from moderation.store import Database, now_ms

REFERENCE: Final = "reference"
UPLOADED: Final = (REFERENCE, "portrait")
"""The roles of files that were uploaded; outputs and releases are ours, and nobody's to send in again."""


def keep_upload(
    database: Database, assets: AssetStore, path: Path, *, account_id: str, media_type: str = ""
) -> str:
    """Store the file and return its sha256. Storing the same bytes again changes nothing. It leaves staging once its row is
    committed: what no row names is collected."""
    staged = assets.stage(path)
    with database.transaction() as session:
        record_upload(
            session,
            staged.sha256,
            account_id=account_id,
            size_bytes=staged.bytes,
            media_type=media_type,
            at_ms=now_ms(session),
        )
    assets.promote(staged.sha256)
    return staged.sha256


def record_upload(
    session: Session, sha256: str, *, account_id: str, size_bytes: int, media_type: str, at_ms: int
) -> bool:
    """Note that the account holds the file; True when it did not before."""
    insert_new(
        session,
        Asset,
        sha256=sha256,
        role=REFERENCE,
        account_id=account_id,
        media_type=media_type,
        size_bytes=size_bytes,
        created_ms=at_ms,
    )
    return insert_new(session, AssetHolder, sha256=sha256, account_id=account_id, created_ms=at_ms)


def holds(session: Session, sha256: str, accounts: frozenset[str]) -> bool:
    """Whether one of the accounts uploaded the file, and it is still an upload of ours."""
    statement = (
        select(Asset.sha256)
        .join(AssetHolder, col(AssetHolder.sha256) == col(Asset.sha256))
        .where(
            Asset.sha256 == sha256,
            col(Asset.role).in_(UPLOADED),
            col(AssetHolder.account_id).in_(accounts),
        )
    )
    return session.exec(statement).first() is not None
