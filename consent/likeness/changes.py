"""Every change to a likeness goes through here: one revision, one registry version, one line of history, together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sqlmodel import Session

from consent.errors import ConsentError
from consent.likeness.models import Likeness, LikenessEvent, LikenessState
from consent.likeness.registry import bump_registry, lock_likenesses


class LikenessUnknown(ConsentError):
    """No likeness has this id."""

    code: ClassVar[str] = "likeness.unknown"


class LikenessErased(ConsentError):
    """The likeness was erased, which nothing undoes."""

    code: ClassVar[str] = "likeness.erased"


class LikenessRevoked(ConsentError):
    """The likeness is revoked, and the act needs it active."""

    code: ClassVar[str] = "likeness.revoked"


@dataclass(frozen=True, slots=True)
class LikenessChange:
    """What a change made: for the event on the wire, the audit log and the withdrawal job.

    `changed` is False when nothing was left to do; `revision` and `registry_version` then say what stands.
    """

    likeness_id: str
    handle: str
    owner_account_id: str
    change: str
    revision: int
    registry_version: int
    changed: bool = True


def locked(session: Session, likeness_id: str) -> Likeness:
    """Lock the row and return it. Raises `LikenessUnknown`."""
    rows = lock_likenesses(session, (likeness_id,))
    if not rows:
        raise LikenessUnknown(f"likeness_id: no likeness {likeness_id!r} exists; list yours to find its id")
    return rows[0]


def locked_active(session: Session, likeness_id: str) -> Likeness:
    """Lock the row, which must be active. Raises `LikenessUnknown`, `LikenessRevoked` or `LikenessErased`."""
    likeness = locked(session, likeness_id)
    refuse_erased(likeness)
    if likeness.state == LikenessState.REVOKED:
        raise LikenessRevoked(f"likeness_id: @{likeness.handle} is revoked; restore it first")
    return likeness


def refuse_erased(likeness: Likeness) -> None:
    """Raises `LikenessErased` for a tombstone."""
    if likeness.state == LikenessState.ERASED:
        raise LikenessErased(
            f"likeness_id: @{likeness.handle} was erased for good; enrol again under a new handle"
        )


def record_change(
    session: Session,
    likeness: Likeness,
    *,
    change: str,
    actor: str,
    now_ms: int,
    detail: Mapping[str, str] | None = None,
    first: bool = False,
) -> LikenessChange:
    """Grow the revision of a locked row (`first`: it keeps its 1), bump the registry, and write the history."""
    version = bump_registry(session)
    if not first:
        likeness.revision += 1
    likeness.changed_ms = now_ms
    session.add(likeness)
    session.flush()
    session.add(
        LikenessEvent(
            likeness_id=likeness.id,
            revision=likeness.revision,
            change=change,
            actor=actor,
            detail=dict(detail or {}),
            registry_version=version,
            at_ms=now_ms,
        )
    )
    session.flush()
    return describe(likeness, change, version)


def describe(likeness: Likeness, change: str, version: int, *, changed: bool = True) -> LikenessChange:
    """The change as a value that outlives the session."""
    return LikenessChange(
        likeness_id=likeness.id,
        handle=likeness.handle,
        owner_account_id=likeness.owner_account_id,
        change=change,
        revision=likeness.revision,
        registry_version=version,
        changed=changed,
    )
