"""One revision: what it says, what it changes, what was tried, how it came to where it stands, and the moves that are open.

Tests in findings cost nothing and are run with the page; those in words ask the text model, so only when somebody wants them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, select
from starlette.responses import Response

from moderation.api.problems import Problem as Told
from moderation.policy.evidence import BACKTEST_MAX_AGE_MS, latest_backtest
from moderation.policy.lifecycle import MAX_REASON
from moderation.policy.tables import PolicyFlood
from moderation.steering.reports import Kept, kept_backtests
from moderation.steering.standing import Standing, read_standing
from moderation.store import now_ms
from moderation.web.policies_page import Flood
from moderation.web.policy_moves import Move, open_moves
from moderation.web.policy_reading import Read, active_row, read_beside
from moderation.web.render import page
from moderation.web.visit import Visit
from policies.document import PolicyDocument
from policies.lifecycle.trial import Trial, try_document


@dataclass(frozen=True, slots=True)
class PolicyView:
    """The page's content. `active` is the revision that rules; `backtest_id` the backtest that counts now, or empty; `whole`: the
    tests in words were run, too."""

    standing: Standing
    read: Read
    active: str
    trials: tuple[Trial, ...]
    whole: bool
    backtests: tuple[Kept, ...]
    backtest_id: str
    floods: tuple[Flood, ...]
    moves: tuple[Move, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Tried:
    """The move that somebody tried, and why it was not made; `written` are the fields of their form, so that nothing is lost."""

    move: str = ""
    problem: Told | None = None
    written: Mapping[str, str] = field(default_factory=dict)


def show_policy(visit: Visit) -> Response:
    """The page, as it is now. With `?tests=all` the text model is asked, too."""
    return render_policy(visit, Tried(), whole=visit.request.query_params.get("tests") == "all")


def render_policy(visit: Visit, tried: Tried, *, whole: bool = False) -> Response:
    """The page; with an attempt that failed, under its status and with what was written."""
    services = visit.desk.services
    with services.database.read() as session:
        standing = read_standing(session, visit.part("revision"))
        ruling, at = active_row(session), now_ms(session)
        active, revision = (ruling.revision if ruling else ""), standing.state.revision
        counts = latest_backtest(session, revision, active, after_ms=at - BACKTEST_MAX_AGE_MS)
        backtests, floods = kept_backtests(session, revision), _floods(session, revision)
        read = read_beside(standing.row, ruling)
    view = PolicyView(
        standing=standing,
        read=read,
        active=active,
        trials=_trials(visit, read.document, whole=whole),
        whole=whole,
        backtests=backtests,
        backtest_id=counts.id if counts else "",
        floods=floods,
        moves=open_moves(standing.state),
        at_ms=at,
    )
    status = tried.problem.status if tried.problem else 200
    done = visit.request.query_params.get("done", "") if visit.request.method == "GET" else ""
    return page(visit, "policy.html", status=status, view=view, tried=tried, done=done, max_reason=MAX_REASON)


def _trials(visit: Visit, document: PolicyDocument | None, *, whole: bool) -> tuple[Trial, ...]:
    if document is None:
        return ()
    return tuple(visit.desk.services.trials(document) if whole else try_document(document))


def _floods(session: Session, revision: str) -> tuple[Flood, ...]:
    statement = (
        select(PolicyFlood)
        .where(PolicyFlood.revision == revision)
        .order_by(col(PolicyFlood.noticed_ms).desc(), col(PolicyFlood.id))
    )
    return tuple(map(Flood.of, session.exec(statement)))
