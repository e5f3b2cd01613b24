"""`/v1/likenesses`: a person enrols, grants, withdraws, revokes and erases; an administrator may revoke on an order."""

from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from consent.likeness.changes import LikenessChange
from consent.likeness.grants import GrantTerms, give_grant, standing_grants, withdraw_grant
from consent.likeness.models import Audience, Grant, Likeness, RevokeScope
from moderation.accounts.keys import Principal
from moderation.accounts.models import Role
from moderation.api.auth import Owner, OwnerOrAdmin
from moderation.api.context import ServicesHere, make_router
from moderation.api.routes.generations import require_assets
from moderation.api.services import EnrolmentRequest
from moderation.ids import new_id
from moderation.likenesses.commands import (
    Revoked,
    announce,
    erase_likeness,
    owned_by,
    require_owner,
    restore_likeness,
    revoke_likeness,
)
from moderation.messages import Identifier, Sha256
from moderation.release.report import WithdrawalUnknown, withdrawal_report
from moderation.release.tables import Withdrawal
from moderation.store import now_ms

router = make_router("likenesses", "/v1/likenesses")
LikenessId = Annotated[Identifier, Path(examples=["lik_2f6d3c1a5e5b4b7f9a4e2f1c8d7b6a59"])]


class EnrolIn(BaseModel):
    """Pictures of the person, uploaded before, and the handle they will be known by. `recordings` enrol the voice as well: five
    with two seconds of speech each, or fifteen seconds in all; they are deleted once the template is made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"handle": "ada", "portraits": ["ab" * 32], "minor": False}]}
    )
    handle: str = Field(min_length=1, max_length=40)
    portraits: tuple[Sha256, ...] = Field(min_length=1, max_length=8)
    recordings: tuple[Sha256, ...] = Field(default=(), max_length=8)
    minor: bool


class GrantIn(BaseModel):
    """Whom the owner permits what. Times in milliseconds since the epoch (UTC)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"audience": "named", "account_ids": ["acct_17"], "uses_left": 3}]}
    )
    audience: Audience
    account_ids: tuple[Identifier, ...] = Field(default=(), max_length=1000)
    purposes: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(
        default=("video",), max_length=32
    )
    expires_ms: int | None = Field(default=None, ge=0, lt=2**53)
    uses_left: int | None = Field(default=None, ge=1, lt=2**31)


class RevokeIn(BaseModel):
    """How far it reaches: `everything` takes back what was released; `future` ends new use only."""

    scope: RevokeScope = RevokeScope.EVERYTHING


class GrantView(BaseModel):
    """A standing grant."""

    id: str
    audience: str
    account_ids: list[str]
    purposes: list[str]
    expires_ms: int | None
    uses_left: int | None
    created_ms: int

    @classmethod
    def of(cls, grant: Grant) -> Self:
        """The row as an answer."""
        return cls.model_validate(grant.model_dump())


class LikenessView(BaseModel):
    """A likeness as its owner sees it. No biometric data is here, or anywhere in this interface."""

    id: str
    handle: str
    state: str
    revision: int
    minor: bool
    liveness: str
    voice: str
    created_ms: int
    changed_ms: int

    @classmethod
    def of(cls, likeness: Likeness) -> Self:
        """The row as an answer."""
        return cls.model_validate(likeness.model_dump())


class ChangeView(BaseModel):
    """What an act did: the consent revision it made. `changed` false: nothing was left to do."""

    likeness_id: str
    handle: str
    change: str
    revision: int
    changed: bool
    grant_id: str = ""
    withdrawal_id: str = ""
    notice: str = ""

    @classmethod
    def of(cls, change: LikenessChange, **more: str) -> Self:
        """The change as an answer."""
        return cls(
            likeness_id=change.likeness_id,
            handle=change.handle,
            change=change.change,
            revision=change.revision,
            changed=change.changed,
            **more,
        )

    @classmethod
    def of_revoked(cls, revoked: Revoked) -> Self:
        """A revocation as an answer; `withdrawal_id` names the sweep whose receipts say how far it reached."""
        revocation = revoked.revocation
        return cls.of(revocation.change, withdrawal_id=revoked.withdrawal_id, notice=revocation.notice)


class ReceiptView(BaseModel):
    """One thing a withdrawal reached, or could not."""

    target: str
    kind: str
    outcome: str
    detail: str
    at_ms: int


class WithdrawalView(BaseModel):
    """A withdrawal and how far it reached."""

    id: str
    reason: str
    started_ms: int
    done: bool
    reached: int
    unreachable: int
    receipts: list[ReceiptView]


@router.post("", status_code=201, summary="Enrol yourself")
def enrol(body: EnrolIn, who: Owner, services: ServicesHere) -> ChangeView:
    """The portraits are looked at now; each must show one clear face, of the same person."""
    with services.database.read() as session:
        require_assets(session, "portraits", body.portraits, who.account_id)
        require_assets(session, "recordings", body.recordings, who.account_id)
    request = EnrolmentRequest(
        account_id=who.account_id,
        handle=body.handle,
        portraits=body.portraits,
        recordings=body.recordings,
        minor=body.minor,
        actor=who.account_id,
    )
    return ChangeView.of(services.enrol(request))


@router.get("", summary="List your likenesses")
def list_own(who: Owner, services: ServicesHere) -> list[LikenessView]:
    """Revoked and erased ones, too."""
    with services.database.read() as session:
        return [LikenessView.of(row) for row in owned_by(session, who.account_id)]


@router.get("/{likeness_id}/grants", summary="List its standing grants")
def list_grants(likeness_id: LikenessId, who: Owner, services: ServicesHere) -> list[GrantView]:
    """Oldest first; expired ones stay until they are withdrawn."""
    with services.database.read() as session:
        require_owner(session, likeness_id, who.account_id)
        return [GrantView.of(row) for row in standing_grants(session, likeness_id)]


@router.post("/{likeness_id}/grants", status_code=201, summary="Give permission")
def grant(likeness_id: LikenessId, body: GrantIn, who: Owner, services: ServicesHere) -> ChangeView:
    """A new grant beside those that stand."""
    grant_id = new_id("grant")
    with services.database.transaction() as session:
        require_owner(session, likeness_id, who.account_id)
        at_ms = now_ms(session)
        change = give_grant(
            session,
            grant_id=grant_id,
            likeness_id=likeness_id,
            terms=GrantTerms(**body.model_dump()),
            actor=who.account_id,
            now_ms=at_ms,
        )
        announce(session, change, actor=who.account_id, now_ms=at_ms)
        return ChangeView.of(change, grant_id=grant_id)


@router.delete("/{likeness_id}/grants/{grant_id}", summary="Withdraw a grant")
def end_grant(
    likeness_id: LikenessId, grant_id: Identifier, who: Owner, services: ServicesHere
) -> ChangeView:
    """Ends new uses, and releases that are not committed yet."""
    with services.database.transaction() as session:
        require_owner(session, likeness_id, who.account_id)
        at_ms = now_ms(session)
        change = withdraw_grant(
            session, grant_id=grant_id, likeness_id=likeness_id, actor=who.account_id, now_ms=at_ms
        )
        announce(session, change, actor=who.account_id, now_ms=at_ms)
        return ChangeView.of(change, grant_id=grant_id)


@router.post("/{likeness_id}/revoke", summary="End every permission")
def revoke(likeness_id: LikenessId, body: RevokeIn, who: OwnerOrAdmin, services: ServicesHere) -> ChangeView:
    """From this answer on nothing that shows the likeness is released or served (scope `everything`). The face is still
    recognised, in order to be refused."""
    with services.database.transaction() as session:
        _require_right(session, likeness_id, who)
        return ChangeView.of_revoked(
            revoke_likeness(
                session, likeness_id, actor=who.account_id, now_ms=now_ms(session), scope=body.scope
            )
        )


@router.post("/{likeness_id}/erase", summary="Destroy the templates")
def erase(likeness_id: LikenessId, who: OwnerOrAdmin, services: ServicesHere) -> ChangeView:
    """As revoke, for good: the face is not recognised any more, which `notice` says in words for the owner."""
    with services.database.transaction() as session:
        _require_right(session, likeness_id, who)
        return ChangeView.of_revoked(
            erase_likeness(session, likeness_id, actor=who.account_id, now_ms=now_ms(session))
        )


@router.post("/{likeness_id}/restore", summary="Make a revoked likeness usable again")
def restore_own(likeness_id: LikenessId, who: Owner, services: ServicesHere) -> ChangeView:
    """By its owner only; every grant has to be given anew, and what was withdrawn stays withdrawn."""
    with services.database.transaction() as session:
        require_owner(session, likeness_id, who.account_id)
        change = restore_likeness(session, likeness_id, actor=who.account_id, now_ms=now_ms(session))
        return ChangeView.of(change)


@router.get("/{likeness_id}/withdrawals/{withdrawal_id}", summary="How far did a withdrawal reach?")
def withdrawal(
    likeness_id: LikenessId, withdrawal_id: Identifier, who: OwnerOrAdmin, services: ServicesHere
) -> WithdrawalView:
    """Its receipts: what was taken back, and what cannot be reached any more. `done` is false while the sweep goes on."""
    with services.database.read() as session:
        _require_right(session, likeness_id, who)
        row = session.get(Withdrawal, withdrawal_id)
        if row is None or row.likeness_id != likeness_id:
            raise WithdrawalUnknown(
                "no withdrawal of this likeness has this id",
                field="withdrawal_id",
                value=withdrawal_id,
                remedy="read it from the answer of the revocation",
            )
        return WithdrawalView.model_validate(withdrawal_report(session, withdrawal_id))


def _require_right(session: Session, likeness_id: str, who: Principal) -> None:
    if not who.may(Role.ADMIN):
        require_owner(session, likeness_id, who.account_id)
