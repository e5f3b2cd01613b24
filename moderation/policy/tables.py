"""The tables of policies: documents, where each revision stands, how it came there, what was tried, what flooded.

The database itself keeps that at most one revision is active and at most one in rollout, that a share belongs to a rollout alone,
and that the history of changes is never rewritten.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from moderation.guards import POLICY_CHANGES, guard_table

_SINGULAR = text("state IN ('active', 'rollout')")


class PolicyRow(SQLModel, table=True):
    """One revision of a policy, as it was written. Never changed: decisions pin the revision."""

    __tablename__ = "policy_document"

    revision: str = Field(primary_key=True)
    name: str
    document: str = Field(sa_column=Column(Text, nullable=False))
    added_ms: int = Field(sa_type=BigInteger)


class PolicyState(SQLModel, table=True):
    """Where a revision stands (`policies.lifecycle.states`). `percent` is that of its rollout, 0 in any other state; `previous`
    is the revision that was active before this one last became so; `changed_ms`: since when it stands there."""

    __tablename__ = "policy_state"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'shadow', 'rollout', 'active', 'retired')", "policy_state_known"),
        CheckConstraint(
            "(state = 'rollout' AND percent BETWEEN 1 AND 100) OR (state <> 'rollout' AND percent = 0)",
            "policy_state_percent",
        ),
        Index(
            "ix_policy_state_one", "state", unique=True, sqlite_where=_SINGULAR, postgresql_where=_SINGULAR
        ),
    )

    revision: str = Field(primary_key=True, foreign_key="policy_document.revision")
    state: str
    percent: int = 0
    previous: str = ""
    changed_ms: int = Field(sa_type=BigInteger)


class PolicyChange(SQLModel, table=True):
    """One step of a revision: who took it, and why in their words. Append-only; the audit log names the act by `id`.

    `waived`: the reason for which no backtest was asked; `backtest_id`: the one that was looked at.
    """

    __tablename__ = "policy_change"

    id: str = Field(primary_key=True)
    revision: str = Field(index=True)
    before: str
    after: str
    percent: int = 0
    actor: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    waived: str = Field(default="", sa_column=Column(Text, nullable=False))
    backtest_id: str = ""
    tests_passed: int = 0
    tests_not_run: int = 0
    at_ms: int = Field(sa_type=BigInteger, index=True)


class PolicyBacktest(SQLModel, table=True):
    """What a revision would have changed on the recorded decisions, as it was shown; `against` ruled then. `report` is JSON."""

    __tablename__ = "policy_backtest"

    id: str = Field(primary_key=True)
    revision: str = Field(index=True)
    against: str
    decisions: int = Field(sa_type=BigInteger)
    flips: int = Field(sa_type=BigInteger)
    report: str = Field(sa_column=Column(Text, nullable=False))
    actor: str
    at_ms: int = Field(sa_type=BigInteger)


class PolicyFlood(SQLModel, table=True):
    """A rule that blocks many times its usual share: counts of now and usual, and what was done about it.

    `outcome`: `rolled_back` (an active revision went to shadow), `stopped` (a rollout did), or `told` (nothing was undone).
    """

    __tablename__ = "policy_flood"

    id: str = Field(primary_key=True)
    revision: str = Field(index=True)
    rule: str
    blocks: int = Field(sa_type=BigInteger)
    decisions: int = Field(sa_type=BigInteger)
    usual_blocks: int = Field(sa_type=BigInteger)
    usual_decisions: int = Field(sa_type=BigInteger)
    outcome: str
    why: str = Field(sa_column=Column(Text, nullable=False))
    noticed_ms: int = Field(sa_type=BigInteger)
    last_ms: int = Field(sa_type=BigInteger)


class RuleTally(SQLModel, table=True):
    """Machine decisions under a revision, and blocks by each rule of it, in each minute.

    `rule` is empty for the decisions themselves. `lane` is the partition they were announced on, so that no two consumers ever
    wait for each other's row.
    """

    __tablename__ = "policy_rule_tally"

    revision: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    minute_ms: int = Field(primary_key=True, sa_type=BigInteger)
    lane: int = Field(primary_key=True)
    count: int = Field(default=0, sa_type=BigInteger)


guard_table(PolicyChange, POLICY_CHANGES)
