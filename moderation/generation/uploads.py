"""Taking a reference file into the store: stage, promote, record; whatever it holds is judged later, by the gate."""

from pathlib import Path

from moderation.assets import AssetStore
from moderation.generation.tables import Asset
from moderation.sql import insert_new
from moderation.store import Database, now_ms

REFERENCE = "reference"


def keep_upload(
    database: Database,
    assets: AssetStore,
    path: Path,
    *,
    account_id: str,
    role: str = REFERENCE,
    media_type: str = "",
) -> str:
    """Store the file and return its sha256. Storing the same bytes again changes nothing."""
    staged = assets.stage(path)
    assets.promote(staged.sha256)
    with database.transaction() as session:
        insert_new(
            session,
            Asset,
            sha256=staged.sha256,
            role=role,
            account_id=account_id,
            media_type=media_type,
            size_bytes=staged.bytes,
            created_ms=now_ms(session),
        )
    return staged.sha256
