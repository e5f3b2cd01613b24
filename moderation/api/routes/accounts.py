"""`/v1/accounts` and `/v1/keys`: administrators make accounts and keys, and suspend."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from moderation.accounts import directory, keys, sanctions
from moderation.accounts.models import Account, ApiKey, Role
from moderation.api.auth import Admin, AdminOrPipeline, Anyone
from moderation.api.context import ServicesHere, make_router
from moderation.messages import Identifier
from moderation.store import now_ms

router = make_router("accounts", "/v1")


class AccountIn(BaseModel):
    """A new account. `id`: your own opaque user id, never a name or an address; left out, one is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "user-8841", "under_18": False}]})
    id: Identifier | None = None
    under_18: bool


class AgeIn(BaseModel):
    """The age group."""

    under_18: bool


class AccountView(BaseModel):
    """An account."""

    id: str
    state: str
    under_18: bool
    created_ms: int

    @classmethod
    def of(cls, account: Account) -> Self:
        """The row as an answer."""
        return cls.model_validate(account.model_dump())


class UsageView(BaseModel):
    """How many generations were approved for the account today (UTC)."""

    account_id: str
    suspended: bool
    under_18: bool
    used_today: int


class ReasonIn(BaseModel):
    """Why; the person may read it."""

    reason: str = Field(min_length=1, max_length=2000)


class SanctionView(BaseModel):
    """A suspension."""

    id: str
    account_id: str
    reason: str
    placed_by: str
    placed_ms: int
    lifted_by: str | None
    lifted_ms: int | None


class KeyIn(BaseModel):
    """A new key: a name that tells it from others, and what it may do."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "render farm", "roles": ["pipeline"]}]}
    )
    name: str = Field(min_length=1, max_length=100)
    roles: tuple[Role, ...] = Field(min_length=1, max_length=len(Role))


class KeyView(BaseModel):
    """A key, without its secret."""

    id: str
    account_id: str
    name: str
    roles: list[str]
    created_ms: int
    revoked_ms: int | None
    last_used_ms: int | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """The row as an answer."""
        return cls.model_validate(key.model_dump())


class NewKeyView(KeyView):
    """A key as it is shown once: `key` is kept nowhere."""

    key: str


class PrincipalView(BaseModel):
    """Who a key belongs to and what it may do."""

    account_id: str
    key_id: str
    roles: list[str]


@router.get("/me", summary="Who am I?")
def me(who: Anyone) -> PrincipalView:
    """The account and the roles of the key that was sent."""
    return PrincipalView(account_id=who.account_id, key_id=who.key_id, roles=sorted(who.roles))


@router.post("/accounts", status_code=201, summary="Make an account")
def make(body: AccountIn, who: AdminOrPipeline, services: ServicesHere) -> AccountView:
    """Without a key; make one separately for whoever shall call this interface."""
    with services.database.transaction() as session:
        account = directory.make_account(
            session, under_18=body.under_18, actor=who.account_id, now_ms=now_ms(session), account_id=body.id
        )
        return AccountView.of(account)


@router.get("/accounts/{account_id}", summary="Read an account's standing")
def read(account_id: Identifier, _who: AdminOrPipeline, services: ServicesHere) -> UsageView:
    """What the gate would know of it now."""
    with services.database.read() as session:
        standing = directory.read_standing(session, account_id, now_ms(session))
    return UsageView(
        account_id=account_id,
        suspended=standing.suspended,
        under_18=standing.under_18,
        used_today=standing.used_today,
    )


@router.post("/accounts/{account_id}/age", summary="Correct the age group")
def set_age(account_id: Identifier, body: AgeIn, who: Admin, services: ServicesHere) -> AccountView:
    """As when the person has come of age."""
    with services.database.transaction() as session:
        account = directory.set_under_18(
            session, account_id, under_18=body.under_18, actor=who.account_id, now_ms=now_ms(session)
        )
        return AccountView.of(account)


@router.post("/accounts/{account_id}/suspend", summary="Suspend an account")
def suspend(account_id: Identifier, body: ReasonIn, who: Admin, services: ServicesHere) -> SanctionView:
    """No new generations; the person can still read their decisions and revoke their likeness."""
    with services.database.transaction() as session:
        sanction = sanctions.suspend(
            session, account_id, reason=body.reason, actor=who.account_id, now_ms=now_ms(session)
        )
        return SanctionView.model_validate(sanction.model_dump())


@router.post("/accounts/{account_id}/lift", summary="Lift a suspension")
def lift(account_id: Identifier, body: ReasonIn, who: Admin, services: ServicesHere) -> SanctionView:
    """The account is active again."""
    with services.database.transaction() as session:
        sanction = sanctions.lift(
            session, account_id, reason=body.reason, actor=who.account_id, now_ms=now_ms(session)
        )
        return SanctionView.model_validate(sanction.model_dump())


@router.post("/accounts/{account_id}/keys", status_code=201, summary="Make a key")
def make_key(account_id: Identifier, body: KeyIn, who: Admin, services: ServicesHere) -> NewKeyView:
    """The answer is the only place the key is ever seen."""
    with services.database.transaction() as session:
        row, shown = keys.make_key(
            session,
            account_id,
            name=body.name,
            roles=body.roles,
            actor=who.account_id,
            now_ms=now_ms(session),
        )
        return NewKeyView(**KeyView.of(row).model_dump(), key=shown)


@router.get("/accounts/{account_id}/keys", summary="List an account's keys")
def list_keys(account_id: Identifier, _who: Admin, services: ServicesHere) -> list[KeyView]:
    """Revoked ones, too; never the keys themselves."""
    with services.database.read() as session:
        directory.get_account(session, account_id)
        return [KeyView.of(key) for key in keys.list_keys(session, account_id)]


@router.delete("/keys/{key_id}", summary="Revoke a key")
def revoke_key(key_id: Identifier, who: Admin, services: ServicesHere) -> KeyView:
    """For good, at once."""
    with services.database.transaction() as session:
        return KeyView.of(keys.revoke_key(session, key_id, actor=who.account_id, now_ms=now_ms(session)))
