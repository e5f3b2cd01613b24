"""Who a face or a voice is: the replica's index, asked only when it is fresh, and every hit confirmed against current rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from consent.biometrics.index import TemplateIndex
from consent.biometrics.matches import ConfirmedMatch, confirm
from consent.biometrics.thresholds import SAME_FACE
from moderation.bus.dead_letters import count_open
from moderation.gate.check import CouldNotJudge
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import FaceMatch
from moderation.messages import Topic
from moderation.store import Database


class RegistryIndex:
    """The template index kept in step with the registry. `refresh` is called at least once a second by a background task, and
    by `identify` itself: a replica whose task died still answers from what is true now, or not at all."""

    def __init__(
        self, database: Database, index: Lazy[TemplateIndex], *, threshold: float = SAME_FACE
    ) -> None:
        self._database = database
        self._index = index
        self._threshold = threshold

    def refresh(self) -> None:
        """Compare with the registry. Raises what the database raised; the index then grows stale and says so."""
        with self._database.read() as session:
            self._index.get().refresh(session)

    def staleness_s(self) -> float:
        """Seconds since the last comparison; infinite before the first."""
        return self._index.get().staleness_s if self._index.loaded else float("inf")

    def ping(self) -> None:
        """Raises `IndexStale` or `CouldNotJudge` when the index may not be used."""
        self._index.get().require_fresh()
        with self._database.read() as session:
            refuse_parked(session)

    def identify(self, embeddings: NDArray[np.float32]) -> Sequence[tuple[FaceMatch, ...]]:
        """For each row of float32[n, d] the confirmed matches, best first. Raises `IndexStale` and database errors: the caller
        could not judge."""
        index = self._index.get()
        with self._database.read() as session:
            refuse_parked(session)
            if index.refresh(session):  # to take in much may last longer than a comparison holds
                index.refresh(session)
            found = confirm(session, index.search(embeddings, self._threshold))
        rows: list[list[FaceMatch]] = [[] for _ in range(len(embeddings))]
        for match in found:
            rows[match.match.query].append(_face_match(match))
        return [tuple(row) for row in rows]


def refuse_parked(session: Session) -> None:
    """Raises `CouldNotJudge` while a consent or rights change lies among the dead letters: what it says is not known here."""
    if count_open(session, topics=(Topic.CONSENT, Topic.RIGHTS)):
        raise CouldNotJudge("registry.parked_change", "replay it: safeconduct dlq replay")


def _face_match(confirmed: ConfirmedMatch) -> FaceMatch:
    return FaceMatch(
        likeness_id=confirmed.match.subject_id,
        handle=confirmed.handle,
        standing=confirmed.standing.value,
        similarity=round(confirmed.match.cosine, 4),
    )
