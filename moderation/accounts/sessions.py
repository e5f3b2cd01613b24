"""Staff sessions: a key is exchanged for a cookie, so that the pages never hold the key itself.

The cookie holds 256 random bits and the table their hash. A session ends when its holder signs out, after a shift, after an hour
without a sign of life, or when its key is revoked; roles are those of the key at each request.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col

from moderation.accounts.keys import KeyRefused, Principal, principal_of
from moderation.accounts.models import StaffSession
from moderation.errors import Kind, ServiceError
from moderation.transparency import audit

SHIFT_MS = 12 * 3600 * 1000
"""Whoever works longer signs in again."""
IDLE_MS = 3600 * 1000
NOTED_EVERY_MS = 60_000
KEPT_MS = 7 * 24 * 3600 * 1000


class SignedOut(ServiceError):
    """There is no session, or it has ended: which of these is not told."""

    code = "session.ended"
    kind = Kind.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("you are not signed in, or your session has ended", remedy="sign in with your key")


@dataclass(frozen=True, slots=True)
class Resumed:
    """A session that lives. `stale`: its sign of life should be noted (`note_life`)."""

    who: Principal
    until_ms: int
    stale: bool


def open_session(session: Session, who: Principal, *, now_ms: int, replacing: str = "") -> str:
    """A new session of the principal; what the cookie is to hold. The session `replacing` ends: nobody keeps a cookie that was
    there before they signed in."""
    if replacing:
        end_session(session, replacing, now_ms=now_ms)
    session.execute(delete(StaffSession).where(col(StaffSession.created_ms) < now_ms - KEPT_MS))
    token = secrets.token_hex(32)
    row = StaffSession(
        id=_id(token), key_id=who.key_id, account_id=who.account_id, created_ms=now_ms, seen_ms=now_ms
    )
    session.add(row)
    detail = {"key_id": who.key_id}
    audit.record(
        session, actor=who.account_id, act="staff.signed_in", subject=who.account_id, detail=detail, at_ms=now_ms
    )  # fmt: skip
    return token


def resume(session: Session, token: str, *, now_ms: int) -> Resumed:
    """Whose session this is. Raises `SignedOut`."""
    row = _find(session, token)
    until_ms = min(row.created_ms + SHIFT_MS, row.seen_ms + IDLE_MS) if row else 0
    if row is None or row.ended_ms is not None or now_ms >= until_ms:
        raise SignedOut
    try:
        who = principal_of(session, row.key_id)
    except KeyRefused as error:
        raise SignedOut from error
    return Resumed(who, until_ms, now_ms - row.seen_ms >= NOTED_EVERY_MS)


def note_life(session: Session, token: str, *, now_ms: int) -> None:
    """Its holder did something (call when `Resumed.stale`)."""
    row = _find(session, token)
    if row is not None and row.ended_ms is None:
        row.seen_ms = now_ms
        session.add(row)


def end_session(session: Session, token: str, *, now_ms: int) -> None:
    """End it for good. Ending it again, or one that nobody knows, changes nothing."""
    row = _find(session, token)
    if row is None or row.ended_ms is not None:
        return
    row.ended_ms = now_ms
    session.add(row)
    detail = {"key_id": row.key_id}
    audit.record(
        session, actor=row.account_id, act="staff.signed_out", subject=row.account_id, detail=detail, at_ms=now_ms
    )  # fmt: skip


def _find(session: Session, token: str) -> StaffSession | None:
    return session.get(StaffSession, _id(token), populate_existing=True) if token else None


def _id(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
