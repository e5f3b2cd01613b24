"""`Idempotency-Key`: a request that is sent twice is done once, whichever replica each copy reaches.

The row is inserted in the transaction that does the work, so there is no moment at which one exists without the other. A key
belongs to the account that sent it and is forgotten after a day.
"""

import hashlib
import re

from sqlalchemy import BigInteger, delete, select, tuple_
from sqlmodel import Field, Session, SQLModel, col

from moderation.errors import ServiceError
from moderation.sql import changed, insert_new
from moderation.store import now_ms

KEPT_MS = 24 * 3600 * 1000
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyRow(SQLModel, table=True):
    """What a key was used for: the hash of the body, and the id of what came of it."""

    __tablename__ = "idempotency_key"
    account_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_sha256: str
    result_id: str
    created_ms: int = Field(sa_type=BigInteger)


class KeyReused(ServiceError):
    """The key came before with another body."""

    code = "idempotency.key_reused"


class KeyInvalid(ServiceError):
    """The key is no key."""

    code = "idempotency.key_invalid"


def once(session: Session, *, account_id: str, key: str, body: bytes, result_id: str, now_ms: int) -> str:
    """The id of the result: `result_id` when the key is new, so that the caller does the work now; else the id of what was
    done then. Raises `KeyReused`, `KeyInvalid`."""
    if not _KEY.fullmatch(key):
        raise KeyInvalid(
            "is 1 to 255 printable ASCII characters",
            field="Idempotency-Key",
            value=ascii(key),
            remedy="send a UUID",
        )
    digest = hashlib.sha256(body).hexdigest()
    _forget(session, account_id, key, now_ms)
    values = {"body_sha256": digest, "result_id": result_id, "created_ms": now_ms}
    if insert_new(session, IdempotencyRow, account_id=account_id, key=key, **values):
        return result_id
    known = session.get_one(IdempotencyRow, (account_id, key), populate_existing=True)
    if known.body_sha256 != digest:
        raise KeyReused(
            "was used for another request",
            field="Idempotency-Key",
            value=key,
            remedy="send a new key with a new request, or the same body again",
        )
    return known.result_id


def forget_keys(session: Session, *, limit: int) -> int:
    """Delete keys that nobody may use again, `limit` at most; how many."""
    key = (col(IdempotencyRow.account_id), col(IdempotencyRow.key))
    old = select(*key).where(col(IdempotencyRow.created_ms) <= now_ms(session) - KEPT_MS).limit(limit)
    return changed(session, delete(IdempotencyRow).where(tuple_(*key).in_(old)))


def _forget(session: Session, account_id: str, key: str, now_ms: int) -> None:
    old = delete(IdempotencyRow).where(
        col(IdempotencyRow.account_id) == account_id,
        col(IdempotencyRow.key) == key,
        col(IdempotencyRow.created_ms) <= now_ms - KEPT_MS,
    )
    session.execute(old)
