"""What one batch of records does, inside the caller's transaction: move the position, drop duplicates, run the handler.

Everything here commits together or not at all; that is the whole of exactly-once effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from moderation import traces
from moderation.bus import dead_letters, positions
from moderation.bus.log import Record
from moderation.bus.subscription import Subscription
from moderation.messages import Message, MessageError, decode
from moderation.store import now_ms
from moderation.traces import Trace


@dataclass(frozen=True, slots=True)
class Lane:
    """A partition as positions know it: by topic id."""

    topic: str
    topic_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A record with its message, or with the reason why it has none. Its event id is never empty."""

    record: Record
    message: Message | None
    error: MessageError | None = None
    trace: Trace | None = None


def open_record(record: Record) -> Opened:
    """Decode; the event id of the envelope counts, then the header's, then the place in the log."""
    place = f"{record.partition.topic}/{record.partition.number}/{record.offset}"
    named = replace(record, event_id=record.event_id or place)
    try:
        envelope = decode(record.value)
        named = replace(record, event_id=envelope.id)
        told = {"traceparent": envelope.traceparent, "tracestate": envelope.tracestate}
        return Opened(named, envelope.open(), trace=traces.read(told))
    except MessageError as error:
        return Opened(named, None, error)


def apply(
    session: Session, subscription: Subscription, lane: Lane, batch: Sequence[Opened], expected: int
) -> None:
    """Process `batch`, records of one partition in order, when the position is at `expected`. Raises `StalePosition`, and
    whatever the handler raises. What is no message of ours is parked on the spot: trying again cannot help."""
    group, now = subscription.group, now_ms(session)
    _move(session, subscription, lane, batch, expected, now)
    known = positions.seen(session, group, [item.record.event_id for item in batch])
    fresh = [item for event_id, item in _first_of_each(batch).items() if event_id not in known]
    good = [(item.record, item.message) for item in fresh if item.message is not None]
    if subscription.handle_many is not None and len(good) == len(fresh) > 1:
        subscription.handle_many(session, [message for _, message in good])
    else:
        _one_after_the_other(session, subscription, fresh, now)
    session.flush()
    positions.remember(session, group, [record.event_id for record, _ in good], now_ms=now)


def _first_of_each(batch: Sequence[Opened]) -> dict[str, Opened]:
    first: dict[str, Opened] = {}
    for item in batch:
        first.setdefault(item.record.event_id, item)
    return first


def _one_after_the_other(
    session: Session, subscription: Subscription, batch: Sequence[Opened], now: int
) -> None:
    for item in batch:
        if item.message is None:
            assert item.error is not None
            _park(session, subscription, item, item.error, tries=1, now=now)
            subscription.on_parked(session, item.record, item.error)
        else:
            subscription.handle(session, item.message, item.record)


def park_one(
    session: Session,
    subscription: Subscription,
    lane: Lane,
    item: Opened,
    error: BaseException,
    expected: int,
    tries: int,
    *,
    tell: bool = True,
) -> None:
    """Put `item` aside and move on; `tell` runs the subscription's `on_parked` in the same transaction."""
    now = now_ms(session)
    _move(session, subscription, lane, [item], expected, now)
    _park(session, subscription, item, error, tries=tries, now=now)
    if tell:
        subscription.on_parked(session, item.record, error)


def _move(
    session: Session, subscription: Subscription, lane: Lane, batch: Sequence[Opened], expected: int, now: int
) -> None:
    after = batch[-1].record.offset + 1
    positions.move(
        session, subscription.group, lane.topic_id, lane.number, expected=expected, to=after, now_ms=now
    )


def _park(
    session: Session, subscription: Subscription, item: Opened, error: BaseException, *, tries: int, now: int
) -> None:
    dead = dead_letters.park(session, item.record, error, group=subscription.group, tries=tries, now_ms=now)
    dead_letters.announce(session, dead, item.record, error, tries=tries, now_ms=now)
