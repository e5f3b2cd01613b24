"""The rows of a release: what is served, what a withdrawal took back, and what it could not reach."""

from enum import StrEnum

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class ReleaseState(StrEnum):
    """Only a `released` file is served."""

    RELEASED = "released"
    WITHDRAWN = "withdrawn"


class Release(SQLModel, table=True):
    """A stamped file delivered to its requester. `served` counts the times its bytes were handed out."""

    __tablename__ = "release"

    id: str = Field(primary_key=True)
    generation_id: str = Field(unique=True)
    asset_sha256: str = Field(index=True)
    size_bytes: int = Field(sa_type=BigInteger)
    state: str = Field(default=ReleaseState.RELEASED.value)
    served: int = Field(default=0, sa_type=BigInteger)
    released_ms: int = Field(sa_type=BigInteger)
    withdrawn_ms: int | None = Field(default=None, sa_type=BigInteger)


class Withdrawal(SQLModel, table=True):
    """Taking back everything that shows a likeness or names a work, or one generation. `reason` is a stable code; done when the
    sweep is."""

    __tablename__ = "withdrawal"

    id: str = Field(primary_key=True)
    likeness_id: str = Field(default="", index=True)
    generation_id: str = Field(default="", index=True)
    work_id: str = Field(default="", index=True)
    reason: str
    actor: str
    started_ms: int = Field(sa_type=BigInteger)
    done_ms: int | None = Field(default=None, sa_type=BigInteger)


class Receipt(SQLModel, table=True):
    """One thing a withdrawal reached, or could not. `target` is a generation id; `outcome` says what was done to it."""

    __tablename__ = "withdrawal_receipt"

    withdrawal_id: str = Field(primary_key=True, foreign_key="withdrawal.id")
    target: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    outcome: str
    detail: str = ""
    at_ms: int = Field(sa_type=BigInteger)
