"""How many decisions were made, by stage, verdict and category: counted once each, from the events, in the database.

Any number of workers decide, and any replica answers the scrape: so the count is a row, added to in the transaction that takes
the event, and neither a restart nor a repeated event changes it.
"""

from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel, select

from moderation.bus.log import Record
from moderation.bus.subscription import Subscription
from moderation.messages import DecisionMade, Message, Topic
from moderation.sql import add_and_read

GROUP = "metrics"
NO_CATEGORY = "none"


class DecisionTally(SQLModel, table=True):
    """Decisions so far of one kind; `category` is the first that the decision names, or `none`."""

    __tablename__ = "decision_tally"
    stage: str = Field(primary_key=True)
    verdict: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    decisions: int = Field(default=0, sa_type=BigInteger)


def tally_subscription() -> Subscription:
    """Counts what `generation.decisions` announces."""
    return Subscription((Topic.DECISIONS,), GROUP, count_decision)


def count_decision(session: Session, message: Message, _record: Record) -> None:
    """Add one decision."""
    if isinstance(message, DecisionMade):
        category = message.categories[0] if message.categories else NO_CATEGORY
        add_and_read(
            session,
            DecisionTally,
            "decisions",
            1,
            stage=message.stage,
            verdict=message.verdict,
            category=category,
        )


def read_tally(session: Session) -> tuple[DecisionTally, ...]:
    """All counts."""
    return tuple(session.exec(select(DecisionTally), execution_options={"populate_existing": True}))
