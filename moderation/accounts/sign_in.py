"""Failed sign-ins are counted per source, on every replica together; past the limit not even a good key from there is looked at.

Keys are 256 random bits: nobody guesses one. The limit keeps guessing from costing us anything. Many sources at once never shut
others out: past a number of failures in all they are only not counted any more, so that the table stays small.
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
COUNTED = 10_000
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
    """Raises `TooManyFailures` when this source failed too often in this slot of time."""
    if _failures(session, source, now_ms // SLOT_MS) >= FROM_ONE_SOURCE:
        raise TooManyFailures


def count_failure(session: Session, source: str, *, now_ms: int) -> None:
    """A key was refused. Nothing is written once `COUNTED` are counted in this slot of time."""
    slot = now_ms // SLOT_MS
    session.execute(delete(SignInFailure).where(col(SignInFailure.slot) < slot - 1))
    if _failures(session, ALL, slot) >= COUNTED:
        return
    for name in (source, ALL):
        add_and_read(session, SignInFailure, "failures", 1, source=name, slot=slot)


def _failures(session: Session, name: str, slot: int) -> int:
    row = session.get(SignInFailure, (name, slot), populate_existing=True)
    return row.failures if row else 0
