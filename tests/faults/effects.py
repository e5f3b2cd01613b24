"""Counting effects: whatever was killed, each generation has one of everything, and nothing was left behind."""

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, func, select

from moderation.accounts.models import QuotaReservation
from moderation.accounts.quota import TOTAL, used
from moderation.assets import AssetStore
from moderation.bus.dead_letters import list_open
from moderation.bus.jobs import JobRow
from moderation.bus.outbox import OutboxRow
from moderation.gate.decisions import Decision
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import decode
from moderation.observability.tally import read_tally
from moderation.release.tables import Release
from moderation.store import Database
from moderation.transparency.audit import AuditEntry
from provenance.ledger import LedgerEntry
from tests.support.bus import until

ONE_RELEASE = Counter(
    {
        "generation.requested": 1,
        "generation.approved": 1,
        "output.produced": 1,
        "decision.made": 2,
        "generation.released": 1,
    }
)
ONE_OF_EACH_JOB = Counter({"gate.request": 1, "generate": 1, "gate.output": 1, "release": 1})


def states(database: Database, ids: Iterable[str]) -> dict[str, str]:
    """The state of each generation; `absent` where there is no row yet."""
    with database.read() as session:
        rows = session.exec(select(Generation.id, Generation.state).where(col(Generation.id).in_(list(ids))))
        return {**dict.fromkeys(ids, "absent"), **dict(rows.all())}


def all_in(database: Database, ids: Sequence[str], state: State, within_s: float = 90) -> bool:
    """Wait until every generation is in `state`."""
    return until(lambda: set(states(database, ids).values()) == {state.value}, within_s, every_s=0.1)


def all_quiet(database: Database, within_s: float = 60) -> bool:
    """Wait until every event was sent and every job ended."""
    return until(lambda: _unsent(database) == 0 and _unfinished(database) == 0, within_s, every_s=0.1)


def counted(database: Database, decisions: int, within_s: float = 30) -> bool:
    """Wait until the metrics' own consumer group has counted exactly this many decisions; False when it counts others."""
    return until(lambda: _tally(database) >= decisions, within_s) and _tally(database) == decisions


def assert_released_once(
    database: Database, assets: AssetStore, ids: Sequence[str], *, asked: int = 1
) -> None:
    """One decision per stage, one release, one ledger row, one event per effect, one place in the quota; nothing is parked.
    `asked`: how often each request was sent."""
    with database.read() as session:
        for generation_id in ids:
            assert _stages(session, generation_id) == Counter(request=1, output=1)
            assert _events(session, generation_id) == {**ONE_RELEASE, "generation.requested": asked}
            assert _jobs(session, generation_id) == ONE_OF_EACH_JOB
            assert _acts(session, generation_id) == Counter({"generation.released": 1})
            _assert_one_release(session, assets, generation_id)
        assert list_open(session) == ()
        reservations = session.exec(select(QuotaReservation)).all()
        assert sorted(row.generation_id for row in reservations) == sorted(ids)
        assert not any(row.returned for row in reservations)
        assert used(session, TOTAL, reservations[0].day) == len(ids)


def _assert_one_release(session: Session, assets: AssetStore, generation_id: str) -> None:
    (release,) = session.exec(select(Release).where(Release.generation_id == generation_id)).all()
    (entry,) = session.exec(select(LedgerEntry).where(LedgerEntry.generation_id == generation_id)).all()
    assert entry.sha256 == release.asset_sha256
    assert entry.release_id == release.id
    assets.verify(release.asset_sha256)


def _stages(session: Session, generation_id: str) -> Counter[str]:
    return Counter(session.exec(select(Decision.stage).where(Decision.generation_id == generation_id)))


def _events(session: Session, generation_id: str) -> Counter[str]:
    rows = session.exec(select(OutboxRow).where(OutboxRow.key == generation_id)).all()
    assert all(row.sent_ms is not None for row in rows)
    kinds = (decode(row.value).type for row in rows)
    return Counter(kind.removeprefix("org.safeconduct.").rpartition(".v")[0] for kind in kinds)


def _jobs(session: Session, generation_id: str) -> Counter[str]:
    rows = session.exec(select(JobRow).where(JobRow.subject_id == generation_id)).all()
    assert {row.state for row in rows} == {"done"}
    return Counter(row.kind for row in rows)


def _acts(session: Session, generation_id: str) -> Counter[str]:
    return Counter(session.exec(select(AuditEntry.act).where(AuditEntry.subject == generation_id)))


def _unsent(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).where(col(OutboxRow.sent_ms).is_(None))).one()


def _unfinished(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).where(col(JobRow.state).in_(("ready", "running")))).one()


def _tally(database: Database) -> int:
    with database.read() as session:
        return sum(row.decisions for row in read_tally(session))
