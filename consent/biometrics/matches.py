"""What a match means now: the index is a copy, so every hit is checked against the rows before anyone is refused or named."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from consent.biometrics.index import Match
from consent.biometrics.models import Standing, Template
from consent.likeness.models import Likeness, LikenessState


@dataclass(frozen=True, slots=True)
class ConfirmedMatch:
    """A match that holds against the current rows; a protected person has no `handle`, no `owner_account_id` and `revision` 0."""

    match: Match
    standing: Standing
    handle: str = ""
    owner_account_id: str = ""
    revision: int = 0


def confirm(session: Session, matches: Iterable[Match]) -> tuple[ConfirmedMatch, ...]:
    """The matches that still hold, each with its present standing; templates erased since the snapshot drop out.

    Whether an enrolled person is approved for this generation is the caller's question; a revoked or protected one never is.
    """
    found = tuple(matches)
    live = _live_templates(session, {match.template_id for match in found})
    people = _likenesses(session, {match.subject_id for match in found})
    confirmed = (
        _confirm(match, live[match.template_id], people.get(match.subject_id))
        for match in found
        if match.template_id in live
    )
    return tuple(match for match in confirmed if match is not None)


def _confirm(match: Match, standing: Standing, person: Likeness | None) -> ConfirmedMatch | None:
    if person is None:
        return ConfirmedMatch(match, standing)
    if person.state == LikenessState.ERASED:
        return None
    now = Standing.REVOKED if person.state == LikenessState.REVOKED else standing
    return ConfirmedMatch(match, now, person.handle, person.owner_account_id, person.revision)


def _live_templates(session: Session, ids: set[str]) -> dict[str, Standing]:
    statement = select(Template.id, Template.standing).where(
        col(Template.id).in_(ids), Template.standing != Standing.ERASED
    )
    return {template_id: Standing(standing) for template_id, standing in session.exec(statement)}


def _likenesses(session: Session, ids: set[str]) -> dict[str, Likeness]:
    statement = select(Likeness).where(col(Likeness.id).in_(ids)).execution_options(populate_existing=True)
    return {row.id: row for row in session.exec(statement)}
