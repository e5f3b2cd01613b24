"""What a part of the service says to receive messages; `bus.consumer` does the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from moderation.bus.log import Record
from moderation.messages import Message

Handle = Callable[[Session, Message, Record], None]
HandleMany = Callable[[Session, Sequence[Message]], None]
OnParked = Callable[[Session, Record, BaseException], None]


def ignore_parked(session: Session, record: Record, error: BaseException) -> None:
    """Parking changes nothing else."""


@dataclass(frozen=True, slots=True)
class BackPressure:
    """Stop fetching when more than `high` jobs of `kinds` wait or run; fetch again below `low`."""

    kinds: tuple[str, ...]
    high: int = 1000
    low: int = 500


@dataclass(frozen=True, slots=True)
class Subscription:
    """One consumer group.

    `handle` gets each message once in effect, in a transaction that also moves the position: it writes rows, inserts jobs
    and enqueues events through the session, and touches nothing else. Raising rolls that message back; it is tried again
    with backoff, then parked, and `on_parked` runs in the parking transaction (for a generation: hold it).
    `handle_many` does the same for a batch of messages, in their order and with a few statements for all: it writes what `handle`
    would write for one after the other, or raises, and then each is handled alone.
    `MessageError` is parked at once. A database that does not answer parks nothing: the consumer waits for it.
    """

    topics: tuple[str, ...]
    group: str
    handle: Handle
    on_parked: OnParked = ignore_parked
    back_pressure: BackPressure | None = None
    handle_many: HandleMany | None = None
