"""Protected works named or described in a text, with what the registry says of each for this account.

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
from consent.works.described.matcher import DescribedWorkMatcher, WorkDescription
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

    @cached_property
    def described(self) -> DescribedWorkMatcher:
        """The characters of the shipped list by their looks."""
        return DescribedWorkMatcher()

    def find(
        self, session: Session, text: str, account_id: str, *, now_ms: int, version: int
    ) -> tuple[WorkUse, ...]:
        """One use for each mention, in the order of the text, then for each character that is only described. `version`: the
        registry's, read in this session beforehand. A registered work that has a listed one's id takes its place."""
        registered = self._at(session, version)
        listed = (mention for mention in self.matcher.find(text) if mention.work_id not in registered.ids)
        mentions = sorted((*registered.matcher.find(text), *listed), key=lambda mention: mention.start)
        named = {mention.work_id for mention in mentions}
        looks = (one for one in self.described.find(text) if one.work_id not in named)
        return (
            *(self._use(session, mention, account_id, now_ms) for mention in mentions),
            *(_described(session, one, account_id, now_ms) for one in looks),
        )

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
        """The shipped lists' digests and the rules' versions; `missing` while a list cannot be read. Which works are registered
        is pinned by the registry's version."""
        try:
            return f"{self.matcher.revision}+{self.described.revision}"
        except Exception:
            return "missing"


def standing_now(session: Session, work_id: str, franchise_id: str, account_id: str, *, now_ms: int) -> str:
    """How a work, or the franchise it belongs to, stands towards the account: `licensed`, `opted_out` or `unlicensed`."""
    ids: Sequence[str] = tuple(filter(None, (work_id, franchise_id)))
    return standing_of(session, ids, account_id, now_ms).standing.value


def _described(session: Session, looks: WorkDescription, account_id: str, now_ms: int) -> WorkUse:
    """Traits beyond what a description must have make it unmistakable: then it is shown, as if it were named."""
    franchise = work_id_of(looks.franchise, looks.franchise) if looks.franchise else ""
    standing = standing_now(session, looks.work_id, franchise, account_id, now_ms=now_ms)
    name = f"{looks.name} ({', '.join(looks.traits)})"
    use = "shown" if looks.beyond else "resembled"
    return WorkUse(looks.work_id, name, use, looks.start, looks.end, standing, franchise)


def _read(session: Session, registry: int, known: _Registered | None) -> _Registered:
    version = works_version(session)
    if known is not None and known.version == version:
        return _Registered(registry, version, known.matcher, known.ids)
    works = registered_works(session)
    ids = frozenset(work.work_id for work in works)
    return _Registered(registry, version, WorkMatcher(Catalogue(works, f"registered:{version}")), ids)
