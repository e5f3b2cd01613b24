"""The numbers that tell whether the bus keeps up, for the metrics and for `/health`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from moderation.bus import relay
from moderation.bus.dead_letters import DeadLetterRow
from moderation.bus.jobs import JobRow, JobState
from moderation.bus.positions import PositionRow
from moderation.store import now_ms


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs of one kind. Ages in seconds since the job was inserted; 0 when there is none."""

    waiting: int = 0
    running: int = 0
    failed: int = 0
    oldest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class OutboxLag:
    """Rows not yet sent, and the age in seconds of the oldest."""

    rows: int
    oldest_s: float


def queues(session: Session, kinds: Sequence[str] = ()) -> Mapping[str, Queue]:
    """Each job kind's queue; a kind of `kinds` without jobs is there with zeros. `oldest_s` is the age of the oldest job
    neither done nor failed: the oldest undecided thing."""
    counted = select(col(JobRow.kind), col(JobRow.state), func.count(), func.min(JobRow.created_ms)).where(
        col(JobRow.state).in_((JobState.READY.value, JobState.RUNNING.value, JobState.FAILED.value))
    )
    now = now_ms(session)
    found: dict[str, dict[str, tuple[int, int]]] = {kind: {} for kind in kinds}
    for kind, state, count, oldest in session.execute(counted.group_by(col(JobRow.kind), col(JobRow.state))):
        found.setdefault(kind, {})[state] = (count, oldest)
    return {kind: _queue(states, now) for kind, states in found.items()}


def outbox_lag(session: Session) -> OutboxLag:
    """How far the relay is behind."""
    rows, age_ms = relay.lag(session)
    return OutboxLag(rows, age_ms / 1000)


def dead_letters(session: Session) -> Mapping[str, int]:
    """Open dead letters by topic."""
    is_open = (col(DeadLetterRow.replayed_ms).is_(None), col(DeadLetterRow.dismissed_ms).is_(None))
    rows = session.execute(
        select(col(DeadLetterRow.topic), func.count()).where(*is_open).group_by(DeadLetterRow.topic)
    )
    return {topic: int(count) for topic, count in rows}


def positions(session: Session, group: str) -> Mapping[tuple[str, int], int]:
    """The next offset of `group` by (topic, partition number); with `LogConsumer.end_offsets` this is the lag."""
    query = select(col(PositionRow.topic), col(PositionRow.partition_number), col(PositionRow.next_offset))
    rows = session.execute(
        query.where(col(PositionRow.group_name) == group).order_by(col(PositionRow.moved_ms))
    )
    return {(topic, number): int(at) for topic, number, at in rows}


def _queue(states: Mapping[str, tuple[int, int]], now: int) -> Queue:
    waiting, running = states.get(JobState.READY.value), states.get(JobState.RUNNING.value)
    oldest = min((found[1] for found in (waiting, running) if found), default=now)
    return Queue(
        waiting=waiting[0] if waiting else 0,
        running=running[0] if running else 0,
        failed=states.get(JobState.FAILED.value, (0, 0))[0],
        oldest_s=max(0, now - oldest) / 1000,
    )
