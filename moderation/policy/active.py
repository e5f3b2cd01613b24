"""The policies that rule and watch, as a replica sees them.

A replica compares what it holds with the database at least once a second, before it judges. One that cannot is not able to
judge: an old policy is never used because the database was away.
"""

import threading
import time
from collections.abc import Callable

from sqlmodel import Session, col, select

from moderation.observability.logs import describe_failure, get_logger
from moderation.policy.store import PolicyMissing, stored_document
from moderation.policy.tables import PolicyState
from moderation.store import Database
from policies.document import PolicyDocument
from policies.lifecycle.panel import Panel
from policies.lifecycle.states import LifecycleState
from policies.loading.problems import PolicyInvalid

CHECK_EVERY_S = 0.5
_IN_USE = (LifecycleState.ACTIVE.value, LifecycleState.ROLLOUT.value, LifecycleState.SHADOW.value)
_log = get_logger(__name__)

_Standing = tuple[tuple[str, str, int], ...]


class ActivePolicy:
    """The panel in force, compared with the database at most every half second. Safe to share between threads."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._panel: Panel | None = None
        self._standing: _Standing = ()
        self._documents: dict[str, PolicyDocument] = {}
        self._checked = float("-inf")

    def __call__(self) -> PolicyDocument:
        """The document that is active now. Raises as `panel` does."""
        return self.panel().active

    def panel(self) -> Panel:
        """Who rules and who watches now. Raises `PolicyMissing` and database errors: the caller could not judge."""
        with self._lock:
            if self._panel is None or self._clock() - self._checked >= CHECK_EVERY_S:
                self._panel = self._compare(self._panel)
                self._checked = self._clock()
            return self._panel

    def _compare(self, known: Panel | None) -> Panel:
        with self._database.read() as session:
            standing = _standing(session)
            if known is not None and standing == self._standing:
                return known
            panel = self._read(session, standing)
        self._standing = standing
        return panel

    def _read(self, session: Session, standing: _Standing) -> Panel:
        """The panel that stands. A shadow that cannot be read does not watch; without one that rules nobody can judge."""
        active: PolicyDocument | None = None
        rollout, percent = None, 0
        shadows = []
        for revision, state, share in standing:
            if state == LifecycleState.ACTIVE.value:
                active = self._document(session, revision)
            elif state == LifecycleState.ROLLOUT.value:
                rollout, percent = self._document(session, revision), share
            else:
                shadows += self._shadow(session, revision)
        if active is None:
            raise PolicyMissing(
                "no policy is active", remedy="run `safeconduct policy activate FILE --reason WHY`"
            )
        kept = {revision for revision, _, _ in standing}
        self._documents = {name: one for name, one in self._documents.items() if name in kept}
        return Panel(active, rollout, percent, tuple(shadows))

    def _document(self, session: Session, revision: str) -> PolicyDocument:
        known = self._documents.get(revision)
        if known is None:
            known = self._documents[revision] = stored_document(session, revision)
        return known

    def _shadow(self, session: Session, revision: str) -> list[PolicyDocument]:
        try:
            return [self._document(session, revision)]
        except (PolicyInvalid, PolicyMissing) as error:
            _log.warning("policy.shadow_unreadable", revision=revision, **describe_failure(error))
            return []


def _standing(session: Session) -> _Standing:
    """Revision, state and share of whatever is in use, in order of the revisions."""
    statement = (
        select(PolicyState.revision, PolicyState.state, PolicyState.percent)
        .where(col(PolicyState.state).in_(_IN_USE))
        .order_by(col(PolicyState.revision))
    )
    return tuple((revision, state, percent) for revision, state, percent in session.exec(statement))
