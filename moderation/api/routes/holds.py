"""`/v1/holds`: what an order of law stops and preserves, placed and lifted by the legal role."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from moderation.api.auth import Legal
from moderation.api.context import ServicesHere, make_router
from moderation.legal.holds import PAGE, list_holds
from moderation.legal.tables import Effect, LegalHold, Target
from moderation.messages import Identifier
from moderation.release.holds import lift_hold, place_hold
from moderation.store import now_ms

router = make_router("legal holds", "/v1/holds")
REFERENCE = r"^[\w.:/*+,=-]{1,200}$"


class HoldIn(BaseModel):
    """What to hold, and by which order. `stop` keeps it from being released and served; both preserve."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"target": "generation", "target_id": "gen_17", "reference": "AG-Berlin-2026-117"}]
        }
    )
    target: Target
    target_id: Identifier
    effect: Effect = Effect.STOP
    reference: str = Field(
        pattern=REFERENCE, max_length=200, description="The order's own id; ASCII, no spaces, no names."
    )


class HoldView(BaseModel):
    """A hold; open while `lifted_ms` is null."""

    id: str
    target: Target
    target_id: str
    effect: Effect
    reference: str
    placed_by: str
    placed_ms: int
    lifted_by: str
    lifted_ms: int | None

    @classmethod
    def of(cls, hold: LegalHold) -> "HoldView":
        """The row."""
        return cls.model_validate(hold.model_dump())


class HoldPage(BaseModel):
    """Holds, oldest first. `next_after` is the id to go on from, null on the last page."""

    items: list[HoldView]
    next_after: str | None


@router.post("", status_code=201, summary="Place a hold")
def place(body: HoldIn, who: Legal, services: ServicesHere) -> HoldView:
    """From the answer on it is preserved and, with `stop`, neither released nor served."""
    with services.database.transaction() as session:
        hold = place_hold(
            session, target=body.target, target_id=body.target_id, effect=body.effect, reference=body.reference,
            actor=who.account_id, now_ms=now_ms(session),
        )  # fmt: skip
        return HoldView.of(hold)


@router.get("", summary="List the open holds")
def read(
    _who: Legal,
    services: ServicesHere,
    every: Annotated[bool, Query(alias="all", description="The lifted ones, too.")] = False,
    after: Annotated[Identifier | None, Query(description="`next_after` of the page before.")] = None,
) -> HoldPage:
    """At most 200, oldest first."""
    with services.database.read() as session:
        items = [HoldView.of(hold) for hold in list_holds(session, all_=every, after=after)]
    return HoldPage(items=items, next_after=items[-1].id if len(items) == PAGE else None)


@router.post("/{hold_id}/lift", summary="Lift a hold")
def lift(hold_id: Identifier, who: Legal, services: ServicesHere) -> HoldView:
    """What it alone stopped goes on, and an erasure that waited for it is done."""
    with services.database.transaction() as session:
        return HoldView.of(lift_hold(session, hold_id, actor=who.account_id, now_ms=now_ms(session)))
