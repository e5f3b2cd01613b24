"""States read when somebody scrapes: queue depth, outbox lag, dead letters, staleness, waiting cases, unfinished sweeps."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlmodel import Session, col, func, select

from moderation.bus.dead_letters import count_open
from moderation.bus.jobs import JobRow
from moderation.bus.outbox import OutboxRow
from moderation.generation.tables import Generation
from moderation.observability.metrics import Reading
from moderation.release.tables import Withdrawal
from moderation.review.queue import waiting_count
from moderation.store import Database, now_ms
from moderation.transparency.audit import unsealed_count

if TYPE_CHECKING:
    from moderation.bootstrap import Application


def register_readers(app: "Application") -> None:
    """Read the states of this application at each scrape."""
    app.metrics.add_reader("database", partial(database_readings, app.database))
    app.metrics.add_reader("index", lambda: [Reading("index_staleness_seconds", app.index.staleness_s())])


def database_readings(database: Database) -> Sequence[Reading]:
    """All states that the database knows."""
    with database.read() as session:
        at = now_ms(session)
        return [
            *_jobs(session),
            *_generations(session),
            Reading("outbox_waiting", _unsent(session)),
            Reading("outbox_lag_seconds", _lag_s(session, at)),
            Reading("dead_letters_open", count_open(session)),
            Reading("cases_waiting", waiting_count(session)),
            Reading("audit_unsealed", unsealed_count(session)),
            Reading("withdrawals_unfinished", _unfinished(session)),
            Reading("oldest_undecided_seconds", _oldest_undecided_s(session, at)),
        ]


def _jobs(session: Session) -> list[Reading]:
    rows = session.exec(
        select(JobRow.kind, JobRow.state, func.count())
        .where(col(JobRow.state).in_(("ready", "running", "failed")))
        .group_by(col(JobRow.kind), col(JobRow.state))
    )
    return [Reading("jobs", count, (("kind", kind), ("state", state))) for kind, state, count in rows]


def _generations(session: Session) -> list[Reading]:
    rows = session.exec(select(Generation.state, func.count()).group_by(col(Generation.state)))
    return [Reading("generations", count, (("state", state),)) for state, count in rows]


def _unsent(session: Session) -> int:
    return session.exec(
        select(func.count()).select_from(OutboxRow).where(col(OutboxRow.sent_ms).is_(None))
    ).one()


def _lag_s(session: Session, at: int) -> float:
    oldest = session.exec(
        select(func.min(OutboxRow.created_ms)).where(col(OutboxRow.sent_ms).is_(None))
    ).one()
    return 0.0 if oldest is None else max(0.0, (at - oldest) / 1000)


def _unfinished(session: Session) -> int:
    return session.exec(
        select(func.count()).select_from(Withdrawal).where(col(Withdrawal.done_ms).is_(None))
    ).one()


def _oldest_undecided_s(session: Session, at: int) -> float:
    oldest = session.exec(
        select(func.min(Generation.created_ms)).where(col(Generation.state) == "requested")
    ).one()
    return 0.0 if oldest is None else max(0.0, (at - oldest) / 1000)
