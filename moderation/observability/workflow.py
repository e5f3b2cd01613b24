"""States of the workflow, read when somebody scrapes: generations by state, the oldest undecided, unfinished withdrawals."""

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.observability.metrics import Metrics, Reading
from moderation.release.tables import Withdrawal
from moderation.store import Database, now_ms


def register_workflow(metrics: Metrics, database: Database) -> None:
    """Let `metrics` read the states of generations and withdrawals in `database`."""

    def read() -> Sequence[Reading]:
        with database.read() as session:
            return [*read_generations(session), *read_withdrawals(session)]

    metrics.add_reader("workflow", read)


def read_generations(session: Session) -> Sequence[Reading]:
    """Generations by state, and how long the oldest has waited for the request gate."""
    rows = session.exec(select(Generation.state, func.count()).group_by(col(Generation.state)))
    counts = [
        Reading("generations", count, (("state", state),), "Generations by state.") for state, count in rows
    ]
    oldest = session.exec(
        select(func.min(Generation.created_ms)).where(col(Generation.state) == State.REQUESTED.value)
    ).one()
    waited_s = 0.0 if oldest is None else max(0.0, (now_ms(session) - oldest) / 1000)
    return [
        *counts,
        Reading("oldest_undecided_seconds", waited_s, help="Age of the oldest request not judged."),
    ]


def read_withdrawals(session: Session) -> Sequence[Reading]:
    """Sweeps that have not finished: what they are about is refused already, but not yet reported."""
    unfinished = session.exec(
        select(func.count()).select_from(Withdrawal).where(col(Withdrawal.done_ms).is_(None))
    ).one()
    return [Reading("withdrawals_unfinished", unfinished, help="Withdrawals whose sweep goes on.")]
