"""The index of templates that every replica holds in memory: exact inner products (FAISS), whole snapshots, and a known age.

The database's registry version says whether anything moved; a replica compares it at least once a second. An index that could
not be compared, or that holds templates it cannot search, refuses to answer: "could not judge", never "no match". After the
search every hit is checked against the current rows (`consent.biometrics.matches`).
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from consent.biometrics.models import Standing, Template, TemplateKind
from consent.biometrics.segments import Segments, nobody
from consent.biometrics.thresholds import SAME_FACE
from consent.biometrics.vault import TemplateUnreadable, Vault, template_pages, templates_since
from consent.errors import ConsentError
from consent.likeness.registry import bumped_here, registry_version

Embeddings = NDArray[np.float32]


class IndexStale(ConsentError):
    """The index may lag behind the registry, or cannot search all of it."""

    code: ClassVar[str] = "index.stale"


class QueryInvalid(ConsentError):
    """The embeddings are no unit vectors of this index: comparing them would silently match nobody."""

    code: ClassVar[str] = "index.query_invalid"


@dataclass(frozen=True, slots=True)
class Match:
    """Row `query` of the search looks like `subject_id`: `cosine` in [-1, 1], of that person's nearest template."""

    query: int
    subject_id: str
    template_id: str
    cosine: float
    standing: Standing


@dataclass(frozen=True, slots=True)
class _Entry:
    subject_id: str
    standing: Standing


@dataclass(frozen=True, slots=True, eq=False)
class _Snapshot:
    """All of one registry version; never changed once published, so a reader needs no lock."""

    version: int
    entries: Mapping[str, _Entry]  # by template id: exactly those in `vectors`
    vectors: Segments
    unsearchable: frozenset[str]


class TemplateIndex:
    """One kind of template, of one model. `clock` is monotonic seconds; `max_age_s` is how long a comparison holds."""

    def __init__(
        self,
        vault: Vault,
        *,
        model_revision: str,
        dimension: int = 512,
        kind: TemplateKind = TemplateKind.FACE,
        max_age_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model_revision = model_revision
        self._vault = vault
        self._kind = kind
        self._dimension = dimension
        self._max_age_s = max_age_s
        self._clock = clock
        self._checked_at: float | None = None
        self._refreshing = threading.Lock()
        self._empty = _Snapshot(0, {}, nobody(dimension), frozenset())
        self._snapshot = self._empty

    @property
    def version(self) -> int:
        """The registry version the snapshot stands for."""
        return self._snapshot.version

    @property
    def size(self) -> int:
        """How many templates can be found."""
        return len(self._snapshot.entries)

    @property
    def unsearchable(self) -> int:
        """Templates of another model's making: their people have to be embedded anew before anything can be allowed."""
        return len(self._snapshot.unsearchable)

    @property
    def checked_at(self) -> float | None:
        """When the registry was last compared, by the index's clock; None before the first time."""
        return self._checked_at

    @property
    def staleness_s(self) -> float:
        """Seconds since the last comparison; infinite before the first. For `/health` and the metric."""
        return float("inf") if self._checked_at is None else max(0.0, self._clock() - self._checked_at)

    def refresh(self, session: Session) -> bool:
        """Compare with the registry and take in what changed; True when something did. A failure leaves the old age standing.

        Never call it after a change in the same transaction (`RuntimeError`): if that rolled back, the snapshot would be of a
        version that another change gets. Raises `TemplateUnreadable` or `MasterKeyInvalid`.
        """
        if bumped_here(session):
            raise RuntimeError("refresh the index before the change or after its commit, not in between")
        with self._refreshing:
            asked_at = self._clock()
            version = registry_version(session)
            moved = version != self._snapshot.version
            if moved:
                # A smaller version means another database, or an older copy of it: nothing held is worth keeping.
                base = self._snapshot if version > self._snapshot.version else self._empty
                self._snapshot = self._advance(session, base, version)
            self._checked_at = asked_at
            return moved

    def require_fresh(self, max_age_s: float | None = None) -> None:
        """Raises `IndexStale` unless the registry was compared within the last `max_age_s` and all of it can be searched."""
        limit = self._max_age_s if max_age_s is None else max_age_s
        age = self.staleness_s
        if age > limit:
            raise IndexStale(
                f"index: last compared with the registry {age:.1f} s ago, {limit:g} s is the limit; refresh it, "
                "and look at the database when that fails"
            )
        if self.unsearchable:
            raise IndexStale(
                f"index: {self.unsearchable} templates were made by another model than {self.model_revision}; "
                "restore that model, or enrol these people again"
            )

    def search(self, embeddings: Embeddings, threshold: float = SAME_FACE) -> tuple[Match, ...]:
        """For each row of float32[n, dimension], everyone whose nearest template has a cosine above `threshold`; best first.

        Raises `IndexStale` and `QueryInvalid`.
        """
        self.require_fresh()
        queries = self._checked(embeddings)
        snapshot = self._snapshot
        if not len(queries) or not snapshot.entries:
            return ()
        best: dict[tuple[int, str], Match] = {}
        for query, template_id, cosine in snapshot.vectors.above(queries, threshold):
            entry = snapshot.entries[template_id]
            found = Match(query, entry.subject_id, template_id, cosine, entry.standing)
            known = best.get((query, entry.subject_id))
            if known is None or (found.cosine, found.template_id) > (known.cosine, known.template_id):
                best[(query, entry.subject_id)] = found
        return tuple(sorted(best.values(), key=lambda match: (match.query, -match.cosine, match.subject_id)))

    def _checked(self, embeddings: Embeddings) -> Embeddings:
        queries = np.ascontiguousarray(embeddings, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self._dimension:
            raise QueryInvalid(f"embeddings: shape {list(queries.shape)}; give float32[n, {self._dimension}]")
        if not np.allclose(np.linalg.norm(queries, axis=1), 1.0, atol=1e-3):
            raise QueryInvalid(
                "embeddings: not all of length 1; normalise them (a NaN means that the model failed)"
            )
        return queries

    def _advance(self, session: Session, base: _Snapshot, version: int) -> _Snapshot:
        try:
            return self._read(session, base, version)
        except TemplateUnreadable:
            # Someone may have been erased between the reading of the rows and of their keys: then the second look succeeds.
            return self._read(session, base, version)

    def _read(self, session: Session, base: _Snapshot, version: int) -> _Snapshot:
        entries, vectors, unsearchable = dict(base.entries), base.vectors, set(base.unsearchable)
        for changed in self._changed(session, base):
            touched = {row.id for row in changed}
            foreign = {row.id for row in changed if self._is_foreign(row)}
            live = {
                row.id: row for row in changed if row.standing != Standing.ERASED and row.id not in foreign
            }
            gone = (touched - live.keys()) & entries.keys()
            # Sealed vectors never change: of a template that is held already, only the standing can have moved.
            fresh = [row for name, row in live.items() if name not in entries]
            opened = self._vault.open_all(session, fresh)
            vectors = vectors.changed(gone, [row.id for row in fresh], opened)
            for name in gone:
                del entries[name]
            entries.update((name, _entry(row)) for name, row in live.items())
            unsearchable = (unsearchable - touched) | foreign
        return _Snapshot(version, entries, vectors, frozenset(unsearchable))

    def _changed(self, session: Session, base: _Snapshot) -> Iterable[Sequence[Template]]:
        """What changed since `base`; a replica that starts reads page by page, for all at once would fill its memory. A row that
        changes between two pages has a newer version than the snapshot gets, and is read again at the next refresh."""
        if base.version == 0:
            return template_pages(session, self._kind)
        return (templates_since(session, base.version, self._kind),)

    def _is_foreign(self, row: Template) -> bool:
        return row.standing != Standing.ERASED and row.model_revision != self.model_revision


def _entry(row: Template) -> _Entry:
    return _Entry(row.subject_id, Standing(row.standing))
