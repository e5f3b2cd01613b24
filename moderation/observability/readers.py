"""States that are read from the database when somebody scrapes: queues, lags, what waits for people, what was decided."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sqlmodel import Session, col, func, select

from moderation.bus.dead_letters import count_open
from moderation.bus.jobs import JobRow, JobState
from moderation.bus.relay import lag
from moderation.observability.metrics import Metrics, Reading
from moderation.observability.tally import read_tally
from moderation.policy.floods import ROLLED_BACK, STOPPED, TOLD, recent_floods
from moderation.policy.store import state_of
from moderation.policy.tables import PolicyState
from moderation.review.queue import oldest_waiting_ms, waiting_count
from moderation.store import Database, now_ms
from moderation.transparency.audit import unsealed_count
from policies.lifecycle.states import LifecycleState

_UNFINISHED = (JobState.READY.value, JobState.RUNNING.value)


def register_readers(
    metrics: Metrics, database: Database, *, staleness_s: Callable[[], float] | None = None
) -> None:
    """Let `metrics` read everything that lies in `database`; `staleness_s` gives the age of this replica's older index."""
    readers = {
        "outbox": read_outbox,
        "jobs": read_jobs,
        "dead_letters": read_dead_letters,
        "review": read_review,
        "audit": read_audit,
        "decisions": read_decisions,
        "policies": read_policies,
    }
    for name, read in readers.items():
        metrics.add_reader(name, _in_session(database, read))
    if staleness_s is not None:
        metrics.add_reader("registry", lambda: read_staleness(staleness_s))


def read_outbox(session: Session) -> Sequence[Reading]:
    """Rows not yet published, and the age of the oldest."""
    waiting, age_ms = lag(session)
    return (
        Reading("outbox_waiting", waiting, help="Events not yet published."),
        Reading("outbox_lag_seconds", age_ms / 1000, help="Age of the oldest event not yet published."),
    )


def read_jobs(session: Session) -> Sequence[Reading]:
    """Jobs by kind that are ready or running, and how long the oldest ready one has been due."""
    now = now_ms(session)
    counts = (
        select(JobRow.kind, JobRow.state, func.count(), func.min(JobRow.run_after_ms))
        .where(col(JobRow.state).in_(_UNFINISHED))
        .group_by(JobRow.kind, JobRow.state)
    )
    readings = []
    for kind, state, count, since_ms in session.exec(counts):
        labels = (("kind", kind), ("state", state))
        readings.append(Reading("jobs", count, labels, "Jobs that wait or run."))
        if state == JobState.READY.value:
            due_s = max(0, now - since_ms) / 1000
            readings.append(
                Reading("job_due_seconds", due_s, (("kind", kind),), "How long the oldest job has been due.")
            )
    return readings


def read_dead_letters(session: Session) -> Sequence[Reading]:
    """Records parked and not yet replayed."""
    return (Reading("dead_letters", count_open(session), help="Records that could not be processed."),)


def read_review(session: Session) -> Sequence[Reading]:
    """Cases that wait for a person, and how long the oldest has."""
    opened_ms = oldest_waiting_ms(session)
    waited_s = 0.0 if opened_ms is None else max(0, now_ms(session) - opened_ms) / 1000
    return (
        Reading("cases_waiting", waiting_count(session), help="Cases not decided yet."),
        Reading("case_oldest_seconds", waited_s, help="How long the oldest undecided case has been open."),
    )


def read_audit(session: Session) -> Sequence[Reading]:
    """Audit rows that are not sealed yet."""
    return (
        Reading("audit_unsealed", unsealed_count(session), help="Audit rows the sealer has not reached."),
    )


def read_decisions(session: Session) -> Sequence[Reading]:
    """Decisions so far."""
    return [
        Reading(
            "decisions",
            row.decisions,
            (("stage", row.stage), ("verdict", row.verdict), ("category", row.category)),
            "Decisions made.",
            counter=True,
        )
        for row in read_tally(session)
    ]


def read_policies(session: Session) -> Sequence[Reading]:
    """Revisions by where they stand, the share of a rollout, and floods seen within the last hour."""
    standing = session.exec(select(PolicyState.state, func.count()).group_by(PolicyState.state))
    states = [
        Reading(
            "policy_revisions", count, (("state", state),), "Revisions of the policy, by where they stand."
        )
        for state, count in standing
    ]
    rollout = state_of(session, LifecycleState.ROLLOUT)
    share = Reading(
        "policy_rollout_percent",
        rollout.percent if rollout else 0,
        help="Per cent of the accounts that a rollout rules on.",
    )
    floods = Counter(flood.outcome for flood in recent_floods(session, now_ms=now_ms(session)))
    return [
        *states,
        share,
        *(
            Reading(
                "policy_floods",
                floods[outcome],
                (("outcome", outcome),),
                "Rules seen within the last hour to block many times their usual share.",
            )
            for outcome in (ROLLED_BACK, STOPPED, TOLD)
        ),
    ]


def read_staleness(staleness_s: Callable[[], float]) -> Sequence[Reading]:
    """Seconds since this replica compared its face index with the registry; infinite before the first time."""
    return (
        Reading(
            "registry_staleness_seconds",
            staleness_s(),
            help="Age of this replica's older index, of faces or of voices.",
        ),
    )


def read_loops(loops: Mapping[str, Mapping[str, int]], problems: Mapping[str, str]) -> Sequence[Reading]:
    """Of this process: loops that failed, and of each consumer group what it has not read (group → topic → records)."""
    failing = Reading(
        "loops_failing", len(problems), help="Loops of this process that failed and have not recovered."
    )
    behind = [
        Reading(
            "consumer_lag_records",
            records,
            (("group", group), ("topic", topic)),
            "Records not read yet of the partitions this process holds.",
        )
        for group, topics in loops.items()
        for topic, records in topics.items()
    ]
    return (failing, *behind)


def _in_session(
    database: Database, read: Callable[[Session], Sequence[Reading]]
) -> Callable[[], Sequence[Reading]]:
    def reader() -> Sequence[Reading]:
        with database.read() as session:
            return read(session)

    return reader
