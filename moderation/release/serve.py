"""Who may have the bytes: the release's own state and every likeness in it are read anew each time a chunk leaves.

A revocation therefore holds from its commit on, before any sweep has run, through every cache: responses are not storable.
"""

from collections.abc import Iterator

from sqlmodel import Session, col, select, update

from consent.likeness.models import Likeness
from consent.likeness.revocation import serving_refused
from moderation import traces
from moderation.bus.jobs import JobRow
from moderation.errors import Kind, ServiceError
from moderation.generation.output_stage import RELEASE
from moderation.generation.pinned_works import refused_since
from moderation.generation.state import State
from moderation.generation.tables import Generation, GenerationLikeness
from moderation.legal.holds import OnLegalHold
from moderation.release.holds import stopping
from moderation.release.tables import Release, ReleaseState
from moderation.traces import Trace


class ReleaseUnknown(ServiceError):
    """No release has this id."""

    code = "release.unknown"
    kind = Kind.NOT_FOUND


class ReleaseGone(ServiceError):
    """It was released, and has been taken back."""

    code = "release.withdrawn"
    kind = Kind.GONE


class LikenessTakenBack(ServiceError):
    """The video shows somebody who took their likeness back."""

    code = "release.likeness_taken_back"
    kind = Kind.GONE


def servable(session: Session, release_id: str) -> Release:
    """The release, if its bytes may leave at this moment. Conditions:

    - it is `released`, and so is its generation;
    - none of the likeness rows it was approved to show is revoked for everything, or erased;
    - no rights-holder of a work that it names has refused since its output was judged;
    - the same holds for every video it was remixed from;
    - no legal hold stops it, somebody it shows, or what it was remixed from.

    Raises `ReleaseUnknown`, `ReleaseGone` or `OnLegalHold`.
    """
    release = session.get(Release, release_id, populate_existing=True)
    if release is None:
        raise ReleaseUnknown(
            "no release has this id", field="release_id", value=release_id, remedy="ask for a new link"
        )
    if release.state != ReleaseState.RELEASED.value or not _lineage_stands(session, release.generation_id):
        raise ReleaseGone(
            "this video has been withdrawn",
            field="release_id",
            value=release_id,
            remedy="it will not come back; the requester sees the reason with the generation",
        )
    if stopping(session, session.get_one(Generation, release.generation_id)) is not None:
        raise OnLegalHold(
            "an order of law keeps this video from being served",
            field="release_id",
            value=release_id,
            remedy="it is served again when the order is lifted",
        )
    return release


def viewable(session: Session, generation_id: str) -> None:
    """Whether staff may look at what was generated, released or not: as little as anybody once a likeness in it, or in what it
    was remixed from, is revoked for everything or erased. Raises `LikenessTakenBack`."""
    for one in _lineage(session, generation_id):
        if one is None or not _likenesses_stand(session, one.id):
            raise LikenessTakenBack(
                "it shows somebody who has taken their likeness back; its bytes are served to nobody",
                field="generation_id",
                value=generation_id,
                remedy="decide on the findings alone, or close the case",
            )


def count_served(session: Session, release_id: str) -> None:
    """Count one delivery: a later withdrawal reports how many copies are out of reach. Downloads side by side all count."""
    session.execute(update(Release).where(col(Release.id) == release_id).values(served=Release.served + 1))


def trace_of_release(session: Session, generation_id: str) -> Trace | None:
    """The trace in which it was released, as its job carries it; None when nothing is traced or the job is forgotten."""
    if not traces.on():
        return None
    jobs = select(JobRow.payload).where(col(JobRow.subject_id) == generation_id, col(JobRow.kind) == RELEASE)
    payload = session.exec(jobs.order_by(col(JobRow.sequence).desc()).limit(1)).first()
    return traces.read(payload or {})


def _lineage_stands(session: Session, generation_id: str) -> bool:
    return all(
        one is not None
        and State(one.state) is State.RELEASED
        and _likenesses_stand(session, one.id)
        and not refused_since(session, one)
        for one in _lineage(session, generation_id)
    )


def _lineage(session: Session, generation_id: str) -> Iterator[Generation | None]:
    """The generation and what it was remixed from, one by one; None for one that is not on record, which ends it."""
    seen: set[str] = set()
    current: str | None = generation_id
    while current and current not in seen:
        seen.add(current)
        generation = session.get(Generation, current, populate_existing=True)
        yield generation
        if generation is None:
            return
        current = generation.remix_parent


def _likenesses_stand(session: Session, generation_id: str) -> bool:
    statement = (
        select(Likeness)
        .join(GenerationLikeness, col(GenerationLikeness.likeness_id) == col(Likeness.id))
        .where(GenerationLikeness.generation_id == generation_id)
        .execution_options(populate_existing=True)
    )
    return not any(serving_refused(likeness) for likeness in session.exec(statement))
