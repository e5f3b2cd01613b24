"""The tables of likenesses. No biometric data is here: templates live in the vault (`consent.biometrics.vault`).

A likeness row is never deleted: an erased one stays as a tombstone, so that its handle refuses instead of meaning someone else.
Every `*_ms` is milliseconds since the epoch, UTC.
"""

from enum import StrEnum

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

NO_VOICE, WITH_VOICE = "none", "enrolled"
"""Whether a voice is enrolled with the face; rows older than voices say `uncovered`, which means none."""


class LikenessState(StrEnum):
    """`revoked`: permission ended, the template stays and refuses. `erased`: key and templates are gone."""

    ACTIVE = "active"
    REVOKED = "revoked"
    ERASED = "erased"


class RevokeScope(StrEnum):
    """How far a revocation reaches. `everything` (the default) also takes back what was released; `future` ends new use only."""

    EVERYTHING = "everything"
    FUTURE = "future"


class Audience(StrEnum):
    """Whom a grant is for. `mutuals`: accounts that the owner follows and that follow the owner."""

    ONLY_ME = "only_me"
    NAMED = "named"
    MUTUALS = "mutuals"
    EVERYONE = "everyone"


class Likeness(SQLModel, table=True):
    """One enrolled person. `revision` grows by one with every change the owner (or an order) makes."""

    __tablename__ = "likeness"

    id: str = Field(primary_key=True, max_length=64)
    owner_account_id: str = Field(index=True, max_length=64)
    handle: str = Field(max_length=32)
    handle_key: str = Field(unique=True, max_length=32)
    state: str = Field(default=LikenessState.ACTIVE, max_length=16)
    revision: int = Field(default=1)
    restrictions_revision: int = Field(default=0)
    revoke_scope: str | None = Field(default=None, max_length=16)
    minor: bool = Field(default=False)
    liveness: str = Field(default="unverified", max_length=32)
    voice: str = Field(default=NO_VOICE, max_length=32)
    created_ms: int = Field(sa_type=BigInteger)
    changed_ms: int = Field(sa_type=BigInteger)


class Grant(SQLModel, table=True):
    """The owner's permission. `uses_left` counts down as uses are reserved; None is unlimited; `expires_ms` None is never."""

    __tablename__ = "likeness_grant"

    id: str = Field(primary_key=True, max_length=64)
    likeness_id: str = Field(index=True, foreign_key="likeness.id", max_length=64)
    audience: str = Field(max_length=16)
    account_ids: list[str] = Field(default_factory=list, sa_type=JSON)
    purposes: list[str] = Field(default_factory=list, sa_type=JSON)
    expires_ms: int | None = Field(default=None, sa_type=BigInteger)
    uses_left: int | None = Field(default=None)
    created_ms: int = Field(sa_type=BigInteger)
    withdrawn_ms: int | None = Field(default=None, sa_type=BigInteger)


class GrantUse(SQLModel, table=True):
    """One generation's use of a counted grant: `reserved` when approved, `returned` on failure or refusal."""

    __tablename__ = "likeness_grant_use"

    generation_id: str = Field(primary_key=True, max_length=64)
    grant_id: str = Field(primary_key=True, foreign_key="likeness_grant.id", max_length=64)
    state: str = Field(default="reserved", max_length=16)
    changed_ms: int = Field(sa_type=BigInteger)


class Restriction(SQLModel, table=True):
    """The owner's rule in plain words, and what it was compiled to (`restrictions.Compiled`)."""

    __tablename__ = "likeness_restriction"

    id: str = Field(primary_key=True, max_length=64)
    likeness_id: str = Field(index=True, foreign_key="likeness.id", max_length=64)
    words: str = Field(max_length=500)
    conditions: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)
    created_ms: int = Field(sa_type=BigInteger)
    withdrawn_ms: int | None = Field(default=None, sa_type=BigInteger)


class LikenessEvent(SQLModel, table=True):
    """The history: what made each revision, and who did it. Append-only."""

    __tablename__ = "likeness_event"

    likeness_id: str = Field(primary_key=True, foreign_key="likeness.id", max_length=64)
    revision: int = Field(primary_key=True)
    change: str = Field(max_length=32)
    actor: str = Field(max_length=64)
    detail: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    registry_version: int
    at_ms: int = Field(sa_type=BigInteger)


class RegistryState(SQLModel, table=True):
    """A row named `registry`, the global version that every replica compares its index with; one named `works`, which grows
    with it whenever the registered works change."""

    __tablename__ = "registry_state"

    name: str = Field(primary_key=True, max_length=16)
    version: int = Field(default=0, sa_type=BigInteger)


class AccountLink(SQLModel, table=True):
    """`follower_id` follows `followed_id`. Two rows, one each way, make two accounts mutuals."""

    __tablename__ = "account_link"

    follower_id: str = Field(primary_key=True, max_length=64)
    followed_id: str = Field(primary_key=True, max_length=64)
