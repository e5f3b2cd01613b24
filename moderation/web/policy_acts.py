"""What policy staff do with a revision: the same steps as the command line's, so that whatever holds there holds here.

Each may be sent twice: what is done already is done. What cannot be done is told on the revision's page, with everything that was
written still in its field, and nothing of it is done.
"""

from collections.abc import Callable

from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from moderation.api.problems import Problem, make_problem, problem_of, request_id
from moderation.policy import lifecycle
from moderation.policy.errors import BacktestTooLong, PolicyUnknown
from moderation.policy.evidence import Evidence
from moderation.policy.lifecycle import Act
from moderation.policy.store import active_revision, stored_document
from moderation.steering.backtest import count_recorded, keep_backtest, run_backtest
from moderation.steering.standing import Standing, read_standing
from moderation.store import now_ms
from moderation.web.acts import ActUnknown
from moderation.web.policy_moves import ACTIVATE, RETIRE, ROLL_BACK, ROLLOUT, SHADOW, Move
from moderation.web.policy_page import Tried, render_policy
from moderation.web.visit import Visit
from policies.loading.problems import PolicyInvalid

MOST_DECISIONS = 20_000
"""A backtest that a page waits for: each takes a core about a millisecond."""
DAY_MS = 24 * 3600 * 1000
Step = Callable[[Session, str, Act], object]


def shadow(visit: Visit) -> Response:
    """Let it watch."""
    return _do(visit, SHADOW, lambda: lifecycle.to_shadow)


def rollout(visit: Visit) -> Response:
    """Let it decide for a share of the accounts, or change the share."""

    def prepare() -> Step:
        percent, evidence = _number(visit, "percent"), _evidence(visit)
        return lambda session, revision, act: lifecycle.to_rollout(session, revision, percent, act, evidence)

    return _do(visit, ROLLOUT, prepare)


def activate(visit: Visit) -> Response:
    """Let it decide for everybody."""

    def prepare() -> Step:
        evidence = _evidence(visit)
        return lambda session, revision, act: lifecycle.make_active(session, revision, act, evidence)

    return _do(visit, ACTIVATE, prepare)


def rollback(visit: Visit) -> Response:
    """Take back this revision and no other."""
    return _do(
        visit,
        ROLL_BACK,
        lambda: lambda session, revision, act: lifecycle.roll_back(session, act, only=revision),
    )


def retire(visit: Visit) -> Response:
    """Take it out of use."""
    return _do(visit, RETIRE, lambda: lifecycle.retire)


def backtest(visit: Visit) -> Response:
    """Rule again on what is recorded, and keep what that showed."""
    database = visit.desk.services.database
    try:
        days = _number(visit, "days")
        with database.read() as session:
            at = now_ms(session)
            since = at - days * DAY_MS if days else 0
            document = stored_document(session, _known(session, visit))
            against = stored_document(session, active_revision(session))
            _require_few(count_recorded(session, since_ms=since))
            report = run_backtest(session, document, against, since_ms=since)
        with database.transaction() as session:
            actor = visit.staff.account_id
            keep_backtest(session, report, against.revision, since_ms=since, actor=actor, now_ms=at)
    except Exception as error:
        return render_policy(visit, Tried("backtest", _told(visit, error), visit.form))
    return _onward(visit, "backtest")


def _do(visit: Visit, move: Move, prepare: Callable[[], Step]) -> Response:
    """Prepare outside any transaction (models take their time), then step inside one; or the page with what stood in the way."""
    try:
        step = prepare()
        with visit.desk.services.database.transaction() as session:
            act = Act(visit.staff.account_id, visit.form.get("reason", ""), now_ms(session))
            revision = _known(session, visit)
            if not _is_done(read_standing(session, revision), move, visit):
                lifecycle.require_unmoved(session, revision, since_ms=_number(visit, "since"))
                step(session, revision, act)
    except Exception as error:
        return render_policy(visit, Tried(move.name, _told(visit, error), visit.form))
    return _onward(visit, move.name)


def _told(visit: Visit, error: Exception) -> Problem:
    """What is told on the page; anything else is raised again."""
    if isinstance(error, PolicyInvalid):
        lines = "; ".join(f"line {one.line}: {one.message}" for one in error.problems)
        remedy = "correct the document and store it anew"
        return make_problem(
            request_id(visit.request), 422, error.code, lines, field="document", remedy=remedy
        )
    problem = problem_of(error, request_id(visit.request))
    if problem is None or isinstance(error, PolicyUnknown) or problem.status == 503:
        raise error
    return problem


def _known(session: Session, visit: Visit) -> str:
    """The revision of the page. Raises `PolicyUnknown`."""
    return read_standing(session, visit.part("revision")).state.revision


def _is_done(standing: Standing, move: Move, visit: Visit) -> bool:
    """The latest change is this very one, by the same person in the same words: the form was sent twice."""
    if not standing.history:
        return False
    last = standing.history[0]
    percent = _number(visit, "percent") if move is ROLLOUT else 0
    sent = (move.to.value, percent, visit.staff.account_id, visit.form.get("reason", "").strip())
    return (last.after, last.percent, last.actor, last.reason) == sent


def _evidence(visit: Visit) -> Evidence:
    """The document's tests, run now, and why no backtest is needed."""
    services = visit.desk.services
    with services.database.read() as session:
        document = stored_document(session, _known(session, visit))
    return Evidence(services.trials(document), visit.form.get("waive", ""))


def _require_few(recorded: int) -> None:
    if recorded > MOST_DECISIONS:
        raise BacktestTooLong(
            f"{recorded} decisions are on record for that time, and a page waits for {MOST_DECISIONS} at most",
            field="days",
            remedy="give fewer days, or run `safeconduct policy backtest REVISION`",
        )


def _number(visit: Visit, name: str) -> int:
    given = visit.form.get(name, "").strip()
    if not (given.isascii() and given.isdigit() and len(given) < 16):
        raise ActUnknown("is a whole number", field=name, value=given, remedy="write digits alone")
    return int(given)


def _onward(visit: Visit, done: str) -> Response:
    return RedirectResponse(f"/review/policies/{visit.part('revision')}?done={done}", status_code=303)
