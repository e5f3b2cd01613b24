"""The tables of accounts. No names, no addresses, no birth dates: an account is an id, and what the gate must know of it."""

from enum import StrEnum

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel


class Role(StrEnum):
    """What a key may do. `owner` is any user: they own their account, their generations and their likeness."""

    ADMIN = "admin"
    PIPELINE = "pipeline"
    MODERATOR = "moderator"
    POLICY = "policy"
    OWNER = "owner"
    RIGHTS = "rights"
    AUDITOR = "auditor"
    LEGAL = "legal"


class AccountState(StrEnum):
    """Whether new generations are taken from an account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Account(SQLModel, table=True):
    """A requester or a member of staff. `under_18` switches the stricter context rules of the policy on."""

    __tablename__ = "account"
    id: str = Field(primary_key=True)
    state: str = AccountState.ACTIVE.value
    under_18: bool
    created_ms: int = Field(sa_type=BigInteger)


class ApiKey(SQLModel, table=True):
    """A key as stored: the secret itself is shown once and kept nowhere."""

    __tablename__ = "api_key"
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    name: str
    secret_sha256: str
    roles: list[str] = Field(sa_type=JSON)
    created_ms: int = Field(sa_type=BigInteger)
    revoked_ms: int | None = Field(default=None, sa_type=BigInteger)
    last_used_ms: int | None = Field(default=None, sa_type=BigInteger)


class Sanction(SQLModel, table=True):
    """A suspension: why and by whom, and when it was lifted. An account is suspended while one is open."""

    __tablename__ = "sanction"
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    reason: str
    placed_by: str
    placed_ms: int = Field(sa_type=BigInteger)
    lifted_by: str | None = None
    lifted_ms: int | None = Field(default=None, sa_type=BigInteger)
    lift_reason: str | None = None


class QuotaDay(SQLModel, table=True):
    """How many generations were approved on a day (UTC, `2026-03-01`): per account id, and in all under `*`."""

    __tablename__ = "quota_day"
    scope: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    used: int = Field(default=0, sa_type=BigInteger)


class QuotaReservation(SQLModel, table=True):
    """The place one generation holds in its day; `returned` when it failed or was refused after all."""

    __tablename__ = "quota_reservation"
    generation_id: str = Field(primary_key=True)
    account_id: str = Field(index=True)
    day: str
    returned: bool = False


class RequestRate(SQLModel, table=True):
    """Requests of an account in one minute of the epoch (`minute` = milliseconds // 60000)."""

    __tablename__ = "request_rate"
    account_id: str = Field(primary_key=True)
    minute: int = Field(primary_key=True, sa_type=BigInteger)
    requests: int = Field(default=0, sa_type=BigInteger)


class StaffSession(SQLModel, table=True):
    """A member of staff signed in to the pages with a key. `id` is the hash of what the cookie holds; the key's roles are
    read anew at each request, so revoking the key ends the session too."""

    __tablename__ = "staff_session"
    id: str = Field(primary_key=True)
    key_id: str = Field(foreign_key="api_key.id", index=True)
    account_id: str
    created_ms: int = Field(sa_type=BigInteger)
    seen_ms: int = Field(sa_type=BigInteger)
    ended_ms: int | None = Field(default=None, sa_type=BigInteger)


class SignInFailure(SQLModel, table=True):
    """Keys refused at the sign-in page in one slot of time: per source (a keyed hash of an address), in all under `*`."""

    __tablename__ = "sign_in_failure"
    source: str = Field(primary_key=True)
    slot: int = Field(primary_key=True, sa_type=BigInteger)
    failures: int = Field(default=0, sa_type=BigInteger)
