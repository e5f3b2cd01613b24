"""Protected works named in a text, with what the registry says of each for this account.

The shipped list is read once. The works that rights-holders registered are read anew whenever their version has grown, which
is looked at on every call: what a registration protects is protected from its commit on, and a registry that cannot be read
fails the job that asks, so that a person judges.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlmodel import Session

from consent.likeness.registry import works_version
from consent.works.catalogue import Catalogue, WorkKind, work_id_of
from consent.works.names import WorkMatcher, WorkMention
from consent.works.rights import registered_works, standing_of
from moderation.gate.subjects import WorkUse


@dataclass(frozen=True, slots=True)
class _Registered:
    """The registered works as of `version`; `registry` is the registry's version at which they were last looked at."""

    registry: int
    version: int
    matcher: WorkMatcher
    ids: frozenset[str]


class WorksInText:
    """Finds works by name and asks the registry. Safe to share between threads; the matchers are built at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._registered: _Registered | None = None

    @cached_property
    def matcher(self) -> WorkMatcher:
        """The names of the shipped list."""
        return WorkMatcher()

    def find(
        self, session: Session, text: str, account_id: str, *, now_ms: int, version: int
    ) -> tuple[WorkUse, ...]:
        """One use for each mention, in the order of the text. `version`: the registry's, read in this session beforehand. A
        registered work that has a listed one's id takes its place."""
        registered = self._at(session, version)
        listed = (mention for mention in self.matcher.find(text) if mention.work_id not in registered.ids)
        mentions = sorted((*registered.matcher.find(text), *listed), key=lambda mention: mention.start)
        return tuple(self._use(session, mention, account_id, now_ms) for mention in mentions)

    def _at(self, session: Session, registry: int) -> _Registered:
        with self._lock:
            known = self._registered
            if known is None or known.registry != registry:
                known = self._registered = _read(session, registry, known)
            return known

    def _use(self, session: Session, mention: WorkMention, account_id: str, now_ms: int) -> WorkUse:
        franchise = work_id_of(mention.franchise, mention.franchise) if mention.franchise else ""
        standing = standing_now(session, mention.work_id, franchise, account_id, now_ms=now_ms)
        use = "style" if mention.kind is WorkKind.STUDIO else mention.use
        return WorkUse(mention.work_id, mention.name, use, mention.start, mention.end, standing, franchise)

    @property
    def revision(self) -> str:
        """The shipped list's digest and the rules' version; `missing` while the list cannot be read. Which works are registered
        is pinned by the registry's version."""
        try:
            return self.matcher.revision
        except Exception:
            return "missing"


def standing_now(session: Session, work_id: str, franchise_id: str, account_id: str, *, now_ms: int) -> str:
    """How a work, or the franchise it belongs to, stands towards the account: `licensed`, `opted_out` or `unlicensed`."""
    ids: Sequence[str] = tuple(filter(None, (work_id, franchise_id)))
    return standing_of(session, ids, account_id, now_ms).standing.value


def _read(session: Session, registry: int, known: _Registered | None) -> _Registered:
    version = works_version(session)
    if known is not None and known.version == version:
        return _Registered(registry, version, known.matcher, known.ids)
    works = registered_works(session)
    ids = frozenset(work.work_id for work in works)
    return _Registered(registry, version, WorkMatcher(Catalogue(works, f"registered:{version}")), ids)
