"""The vectors of the index, in FAISS indexes of bounded size, and a small one that takes in what is new.

One enrolment, or one erasure, among a million must not copy them all: a replica that is busy copying cannot judge meanwhile, and
would need the memory twice.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
RECENT = 1024
"""Templates that are taken in before they join the settled ones: at 512 dimensions, 2 MB to copy at each change."""
LARGEST = 65_536
"""Templates of one settled segment: 134 MB, the most that is copied at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Templates by their place in an exact inner-product index; never changed once made, so readers need no lock."""

    ids: tuple[str, ...]
    vectors: faiss.IndexFlatIP

    def without(self, gone: Set[str]) -> "Segment":
        """A copy that holds nothing of `gone`: what is erased leaves the memory too."""
        kept = [place for place, name in enumerate(self.ids) if name not in gone]
        if len(kept) == len(self.ids):
            return self
        return segment([self.ids[place] for place in kept], _all(self.vectors)[kept], self.vectors.d)


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """All templates: the settled segments, and the `recent` one."""

    settled: tuple[Segment, ...]
    recent: Segment

    def changed(self, gone: Set[str], ids: Sequence[str], vectors: Sequence[Embeddings]) -> "Segments":
        """Without `gone`, and with the new `ids` and their `vectors`, each float32[d]."""
        settled, recent = self.settled, self.recent
        if gone:
            kept = (part.without(gone) for part in settled)
            settled, recent = tuple(part for part in kept if part.ids), recent.without(gone)
        if ids:
            recent = _joined(recent, ids, np.stack(vectors))
        if len(recent.ids) > RECENT:
            settled, recent = _settle(settled, recent), empty(recent.vectors.d)
        return Segments(settled, recent)

    def above(self, queries: Embeddings, threshold: float) -> list[tuple[int, str, float]]:
        """For float32[n, d] unit vectors: (query, template id, cosine) of each template whose cosine is above `threshold`."""
        found = []
        for part in (*self.settled, self.recent):
            if part.ids:
                limits, cosines, places = part.vectors.range_search(queries, threshold)
                rows = np.repeat(np.arange(len(queries)), np.diff(limits.astype(np.int64)))
                hits = zip(rows.tolist(), places.tolist(), cosines.tolist(), strict=True)
                found += [(row, part.ids[place], cosine) for row, place, cosine in hits]
        return found


def nobody(dimension: int) -> Segments:
    """No templates at all."""
    return Segments((), empty(dimension))


def empty(dimension: int) -> Segment:
    """A segment of nobody."""
    return Segment((), faiss.IndexFlatIP(dimension))


def segment(ids: Sequence[str], vectors: Embeddings, dimension: int) -> Segment:
    """A segment of float32[n, dimension]."""
    index = faiss.IndexFlatIP(dimension)
    if len(ids):
        index.add(np.ascontiguousarray(vectors))
    return Segment(tuple(ids), index)


def _settle(settled: tuple[Segment, ...], recent: Segment) -> tuple[Segment, ...]:
    """`recent` among the settled ones: in the last where it fits, else beside it."""
    if settled and len(settled[-1].ids) + len(recent.ids) <= LARGEST:
        return (*settled[:-1], _joined(settled[-1], recent.ids, _all(recent.vectors)))
    return (*settled, recent)


def _joined(old: Segment, ids: Sequence[str], vectors: Embeddings) -> Segment:
    index = faiss.IndexFlatIP(old.vectors.d)
    for part in (_all(old.vectors), vectors):
        if len(part):
            index.add(part)
    return Segment((*old.ids, *ids), index)


def _all(index: faiss.IndexFlatIP) -> Embeddings:
    """float32[n, d]: a copy of what it holds."""
    whole: Embeddings = (
        index.reconstruct_n(0, index.ntotal) if index.ntotal else np.zeros((0, index.d), np.float32)
    )
    return whole
