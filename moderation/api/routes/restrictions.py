"""`/v1/likenesses/{id}/restrictions`: the owner says in plain words how they may appear, and is shown how it was understood."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import col, select

from consent.likeness.models import Restriction
from consent.likeness.restrictions import Compiled, add_restriction, withdraw_restriction
from moderation.api.auth import Owner
from moderation.api.context import ServicesHere, make_router
from moderation.api.routes.likenesses import ChangeView, LikenessId
from moderation.ids import new_id
from moderation.likenesses.commands import announce, require_owner
from moderation.messages import Identifier
from moderation.store import now_ms

router = make_router("restrictions", "/v1/likenesses/{likeness_id}/restrictions")


class RestrictionIn(BaseModel):
    """A rule in the owner's words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"words": "no violence and no alcohol"}]})
    words: str = Field(min_length=1, max_length=500)


class RestrictionView(BaseModel):
    """A standing rule, and how it was understood: `refused` by the machine, `not_understood` read by a person each time."""

    id: str
    words: str
    refused: list[str]
    not_understood: list[str]
    shown_back: str
    created_ms: int

    @classmethod
    def of(cls, row: Restriction) -> Self:
        """The row as an answer."""
        conditions = row.conditions or {"refused": [], "not_understood": [row.words]}
        compiled = Compiled(tuple(conditions["refused"]), tuple(conditions["not_understood"]))
        return cls(
            id=row.id,
            words=row.words,
            refused=list(compiled.refused),
            not_understood=list(compiled.not_understood),
            shown_back=compiled.shown_back,
            created_ms=row.created_ms,
        )


class RestrictedView(ChangeView):
    """The change, the rule's id, and how it was understood."""

    restriction_id: str
    shown_back: str


@router.get("", summary="List its restrictions")
def list_restrictions(likeness_id: LikenessId, who: Owner, services: ServicesHere) -> list[RestrictionView]:
    """Those that stand, oldest first."""
    with services.database.read() as session:
        require_owner(session, likeness_id, who.account_id)
        statement = (
            select(Restriction)
            .where(Restriction.likeness_id == likeness_id, col(Restriction.withdrawn_ms).is_(None))
            .order_by(col(Restriction.created_ms), col(Restriction.id))
        )
        return [RestrictionView.of(row) for row in session.exec(statement)]


@router.post("", status_code=201, summary="Add a restriction")
def restrict(
    likeness_id: LikenessId, body: RestrictionIn, who: Owner, services: ServicesHere
) -> RestrictedView:
    """Holds from this answer on, also for what waits for its release: that is judged again under the new rule."""
    restriction_id = new_id("rule")
    with services.database.transaction() as session:
        require_owner(session, likeness_id, who.account_id)
        at_ms = now_ms(session)
        change, compiled = add_restriction(
            session,
            restriction_id=restriction_id,
            likeness_id=likeness_id,
            words=body.words,
            actor=who.account_id,
            now_ms=at_ms,
        )
        announce(session, change, actor=who.account_id, now_ms=at_ms)
    view = ChangeView.of(change)
    return RestrictedView(**view.model_dump(), restriction_id=restriction_id, shown_back=compiled.shown_back)


@router.delete("/{restriction_id}", summary="End a restriction")
def unrestrict(
    likeness_id: LikenessId, restriction_id: Identifier, who: Owner, services: ServicesHere
) -> ChangeView:
    """New requests are judged without it."""
    with services.database.transaction() as session:
        require_owner(session, likeness_id, who.account_id)
        at_ms = now_ms(session)
        change = withdraw_restriction(
            session,
            restriction_id=restriction_id,
            likeness_id=likeness_id,
            actor=who.account_id,
            now_ms=at_ms,
        )
        announce(session, change, actor=who.account_id, now_ms=at_ms)
        return ChangeView.of(change)
