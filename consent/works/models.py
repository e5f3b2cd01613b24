"""The tables of the works registry: works that rights-holders registered, what they refused, what they licensed.

An opt-out or a licence names a work by id, a listed one (`catalogue`) or a registered one alike: refusing needs no registration.
Rows are ended, never deleted. Every `*_ms` is milliseconds since the epoch, UTC.
"""

from enum import StrEnum

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel


class OptOutScope(StrEnum):
    """What the rights-holder refuses."""

    GENERATION = "generation"
    TRAINING = "training"
    BOTH = "both"


class Work(SQLModel, table=True):
    """One registered work. `names` carry the marks of the list (`~`, `?`), the primary one first."""

    __tablename__ = "work"

    id: str = Field(primary_key=True, max_length=64)
    holder_account_id: str = Field(index=True, max_length=64)
    names: list[str] = Field(default_factory=list, sa_type=JSON)
    franchise: str = Field(default="", max_length=200)
    kind: str = Field(max_length=16)
    created_ms: int = Field(sa_type=BigInteger)
    withdrawn_ms: int | None = Field(default=None, sa_type=BigInteger)


class OptOut(SQLModel, table=True):
    """A rights-holder's refusal. `standing` says in what capacity it was filed: owner, agent, estate, order of a court."""

    __tablename__ = "opt_out"

    id: str = Field(primary_key=True, max_length=64)
    work_id: str = Field(index=True, max_length=64)
    holder_account_id: str = Field(index=True, max_length=64)
    standing: str = Field(max_length=200)
    scope: str = Field(default=OptOutScope.BOTH, max_length=16)
    since_ms: int = Field(sa_type=BigInteger)
    ended_ms: int | None = Field(default=None, sa_type=BigInteger)


class Licence(SQLModel, table=True):
    """A rights-holder's permission for one account. `territory` "" is everywhere; `until_ms` None is without end."""

    __tablename__ = "licence"

    id: str = Field(primary_key=True, max_length=64)
    work_id: str = Field(index=True, max_length=64)
    account_id: str = Field(index=True, max_length=64)
    holder_account_id: str = Field(max_length=64)
    territory: str = Field(default="", max_length=64)
    rating: str = Field(default="", max_length=32)
    terms: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    from_ms: int = Field(sa_type=BigInteger)
    until_ms: int | None = Field(default=None, sa_type=BigInteger)
    ended_ms: int | None = Field(default=None, sa_type=BigInteger)
