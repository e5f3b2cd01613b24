"""API keys: `sk_<id>_<secret>`, shown once, stored as a hash, constant-time compared.

The secret is 256 random bits, so a plain SHA-256 is the right store: there is no dictionary to try, and a slow password
hash would only let a flood of bad keys burn our CPU. The id makes the lookup one primary-key read.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from moderation.accounts.directory import get_account
from moderation.accounts.models import Account, AccountState, ApiKey, Role
from moderation.errors import Kind, ServiceError
from moderation.ids import new_id
from moderation.sql import insert_new
from moderation.transparency import audit

FIRST_ADMIN = "acct_first_admin"
USE_RECORDED_EVERY_MS = 60_000
_KEY = re.compile(r"sk_([0-9a-f]{32})_([0-9a-f]{64})", re.ASCII)
_NO_HASH = hashlib.sha256(b"").hexdigest()


class KeyRefused(ServiceError):
    """The key is missing, malformed, unknown or revoked: which of these is not told."""

    code = "auth.key_refused"
    kind = Kind.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__(
            "no valid API key came with the request",
            field="Authorization",
            remedy="send 'Authorization: Bearer sk_…' with a key that is not revoked",
        )


class KeyUnknown(ServiceError):
    """No key has this id."""

    code = "auth.key_unknown"
    kind = Kind.NOT_FOUND


class RolesInvalid(ServiceError):
    """A key needs at least one known role."""

    code = "auth.roles_invalid"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: the account behind a key, and what that key may do."""

    account_id: str
    key_id: str
    roles: frozenset[Role]

    def may(self, *roles: Role) -> bool:
        """Whether the key has one of `roles`."""
        return not self.roles.isdisjoint(roles)


def make_key(
    session: Session, account_id: str, *, name: str, roles: Iterable[Role], actor: str, now_ms: int
) -> tuple[ApiKey, str]:
    """A new key of the account: its row, and the key itself, which is never seen again. `name` helps its holder tell keys
    apart. Raises `AccountUnknown`, `RolesInvalid`."""
    get_account(session, account_id)
    granted = sorted(str(Role(role).value) for role in set(roles))
    if not granted:
        raise RolesInvalid(
            "a key without a role opens nothing",
            field="roles",
            value=[],
            remedy=f"name some of: {', '.join(Role)}",
        )
    secret = secrets.token_hex(32)
    key = ApiKey(
        id=new_id("key"), account_id=account_id, name=name, secret_sha256=_hash(secret), roles=granted,
        created_ms=now_ms,
    )  # fmt: skip
    session.add(key)
    detail: audit.Detail = {"account_id": account_id, "roles": granted}
    audit.record(session, actor=actor, act="key.made", subject=key.id, detail=detail, at_ms=now_ms)
    return key, f"sk_{key.id.removeprefix('key_')}_{secret}"


def authenticate(session: Session, presented: str) -> Principal:
    """The principal behind a key. A suspended account's keys keep the `owner` role only. Raises `KeyRefused`, always after
    one comparison, so that its timing tells nothing of which part was wrong."""
    parts = _KEY.fullmatch(presented)
    key = session.get(ApiKey, f"key_{parts[1]}", populate_existing=True) if parts else None
    matches = hmac.compare_digest(
        _hash(parts[2] if parts else presented), key.secret_sha256 if key else _NO_HASH
    )
    if key is None or not matches or key.revoked_ms is not None:
        raise KeyRefused
    return _principal(session, key)


def principal_of(session: Session, key_id: str) -> Principal:
    """Whose the key is and what it may do now, for a session that was opened with it. Raises `KeyRefused` once it is revoked."""
    key = session.get(ApiKey, key_id, populate_existing=True)
    if key is None or key.revoked_ms is not None:
        raise KeyRefused
    return _principal(session, key)


def note_use(session: Session, key_id: str, now_ms: int) -> None:
    """Remember when the key was last used (call when `use_is_stale`)."""
    session.get_one(ApiKey, key_id).last_used_ms = now_ms


def use_is_stale(session: Session, key_id: str, now_ms: int) -> bool:
    """Whether the last noted use is a minute old: reads need not write each time."""
    last = session.get_one(ApiKey, key_id).last_used_ms
    return last is None or now_ms - last >= USE_RECORDED_EVERY_MS


def revoke_key(session: Session, key_id: str, *, actor: str, now_ms: int) -> ApiKey:
    """End the key for good. Revoking it again changes nothing. Raises `KeyUnknown`."""
    statement = select(ApiKey).where(col(ApiKey.id) == key_id).with_for_update()
    key = session.exec(statement).first()
    if key is None:
        raise KeyUnknown("no key has this id", field="key_id", value=key_id, remedy="list the account's keys")
    if key.revoked_ms is None:
        key.revoked_ms = now_ms
        audit.record(session, actor=actor, act="key.revoked", subject=key_id, detail={}, at_ms=now_ms)
    return key


def list_keys(session: Session, account_id: str) -> tuple[ApiKey, ...]:
    """The account's keys, oldest first, revoked ones too."""
    statement = select(ApiKey).where(col(ApiKey.account_id) == account_id)
    return tuple(session.exec(statement.order_by(col(ApiKey.created_ms), col(ApiKey.id))))


def first_admin_key(session: Session, now_ms: int) -> str | None:
    """At the very first start: a key with every role, to be printed once. None when a key was ever made, or when another
    process that starts at the same moment makes it."""
    if session.exec(select(ApiKey.id).limit(1)).first() is not None:
        return None
    first = {"id": FIRST_ADMIN, "state": AccountState.ACTIVE.value, "under_18": False, "created_ms": now_ms}
    if not insert_new(session, Account, **first):
        return None
    _, shown = make_key(
        session, FIRST_ADMIN, name="first administrator", roles=Role, actor="system", now_ms=now_ms
    )
    return shown


def _principal(session: Session, key: ApiKey) -> Principal:
    account = session.get_one(Account, key.account_id, populate_existing=True)
    roles = frozenset(Role(role) for role in key.roles)
    if account.state != AccountState.ACTIVE:
        roles &= {Role.OWNER}
    return Principal(account.id, key.id, roles)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
