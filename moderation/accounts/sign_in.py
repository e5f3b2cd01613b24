"""Failed sign-ins are counted per source and in all, on every replica together; past the limit not even a good key is looked at.

Keys are 256 random bits: nobody guesses one. The limit keeps guessing from costing us anything.
"""

import hashlib
import hmac

from sqlalchemy import delete
from sqlmodel import Session, col

from moderation.accounts.models import SignInFailure
from moderation.errors import Kind, ServiceError
from moderation.sql import add_and_read

SLOT_MS = 5 * 60_000
FROM_ONE_SOURCE = 10
FROM_ALL = 300
ALL = "*"


class TooManyFailures(ServiceError):
    """Too many keys were refused of late."""

    code = "session.too_many_failures"
    kind = Kind.LIMITED

    def __init__(self) -> None:
        super().__init__(
            "too many keys were refused here",
            field="key",
            remedy="wait five minutes, then sign in with the right key",
        )


def source_of(address: str, secret: bytes) -> str:
    """A name for the address that says nothing of it: the table holds no addresses of people."""
    return hmac.new(secret, f"sign-in|{address}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def require_room(session: Session, source: str, *, now_ms: int) -> None:
    """Raises `TooManyFailures` when this source, or all together, failed too often in this slot of time."""
    slot = now_ms // SLOT_MS
    for name, limit in ((source, FROM_ONE_SOURCE), (ALL, FROM_ALL)):
        row = session.get(SignInFailure, (name, slot), populate_existing=True)
        if row is not None and row.failures >= limit:
            raise TooManyFailures


def count_failure(session: Session, source: str, *, now_ms: int) -> None:
    """A key was refused."""
    slot = now_ms // SLOT_MS
    session.execute(delete(SignInFailure).where(col(SignInFailure.slot) < slot - 1))
    for name in (source, ALL):
        add_and_read(session, SignInFailure, "failures", 1, source=name, slot=slot)
