"""The rows of legal holds, and of erasures that wait for one to end. Every `*_ms` is milliseconds since the epoch, UTC."""

from enum import StrEnum

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel


class Target(StrEnum):
    """What a hold is about."""

    GENERATION = "generation"
    LIKENESS = "likeness"


class Effect(StrEnum):
    """What a hold does. Every one preserves; `stop` also keeps it from being released and served."""

    STOP = "stop"
    PRESERVE = "preserve"


class LegalHold(SQLModel, table=True):
    """An order on a generation, or on everything that shows a likeness. `reference` is the order's own, an id; open until
    `lifted_ms` is set."""

    __tablename__ = "legal_hold"
    __table_args__ = (Index("ix_legal_hold_open", "lifted_ms", "target", "target_id"),)

    id: str = Field(primary_key=True)
    target: str
    target_id: str
    effect: str
    reference: str
    placed_by: str
    placed_ms: int = Field(sa_type=BigInteger)
    lifted_by: str = ""
    lifted_ms: int | None = Field(default=None, sa_type=BigInteger)


class DeferredErasure(SQLModel, table=True):
    """An erasure that its owner asked for while a hold preserved it: done when the last hold is lifted."""

    __tablename__ = "deferred_erasure"

    likeness_id: str = Field(primary_key=True)
    actor: str
    asked_ms: int = Field(sa_type=BigInteger)
    done_ms: int | None = Field(default=None, sa_type=BigInteger)
