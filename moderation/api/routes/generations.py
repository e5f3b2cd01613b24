"""`/v1/generations`: ask for a video, see what became of it, cancel it."""

from time import monotonic
from typing import Annotated

import anyio
from fastapi import Header, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlmodel import Session, and_, col, or_, select

from moderation.accounts.directory import get_account
from moderation.accounts.keys import Principal
from moderation.accounts.models import Role
from moderation.api.auth import Reader, Requester, sees_all
from moderation.api.context import ServicesHere, make_router
from moderation.api.idempotency import once
from moderation.api.schemas import GenerationView
from moderation.api.services import ApiLimits, Services
from moderation.errors import Kind, ServiceError
from moderation.gate.decisions import decisions_of
from moderation.generation.rows import GenerationUnknown, get_generation, lock_generation, move
from moderation.generation.state import State, Step
from moderation.generation.submit import receive
from moderation.generation.tables import Generation
from moderation.generation.uploads import holds
from moderation.ids import new_id
from moderation.messages import GenerationRequested, Identifier, Parameters, Sha256
from moderation.store import now_ms
from moderation.transparency import audit

router = make_router("generations", "/v1/generations")
POLL_S = 0.1
LOCATION = {"description": "Where to read what became of it.", "schema": {"type": "string"}}


class GenerationIn(BaseModel):
    """What is asked for. `account_id`: for whom, when a pipeline asks; left out, the key's own account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"prompt": "A lighthouse in a storm, painted in oils", "parameters": {"seconds": 6}}]
        }
    )
    prompt: str = Field(min_length=1, max_length=20_000, json_schema_extra={"pattern": r"\S"})
    account_id: Identifier | None = None
    likenesses: tuple[Identifier, ...] = Field(default=(), max_length=16)
    references: tuple[Sha256, ...] = Field(default=(), max_length=16)
    remix_parent: Identifier | None = None
    purpose: str = Field(default="video", min_length=1, max_length=64)
    parameters: Parameters = Parameters()

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the prompt is empty; describe the video in words")
        return prompt


class GenerationPage(BaseModel):
    """Generations, newest first; `next_after` goes on behind this page, null at the end."""

    items: list[GenerationView]
    next_after: str | None


class NotYourAccount(ServiceError):
    """Only a pipeline's key may act for another account."""

    code = "auth.not_your_account"
    kind = Kind.FORBIDDEN


class AssetUnknown(ServiceError):
    """A reference was never uploaded, or by somebody else."""

    code = "asset.unknown"


@router.post(
    "", status_code=202, summary="Ask for a video", responses={202: {"headers": {"Location": LOCATION}}}
)
async def submit(
    body: GenerationIn,
    who: Requester,
    services: ServicesHere,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=1000)] = None,
    prefer: Annotated[str, Header(max_length=200)] = "",
) -> GenerationView:
    """Take the request in and answer 202 with its id, and with the request gate's verdict when it comes in time. With
    `Prefer: wait=10` (RFC 7240) the answer waits up to that many seconds for it, with `Prefer: respond-async` not at all.
    With `Idempotency-Key` a repeated request is taken in once."""
    generation_id = await run_in_threadpool(_submit, services, who, body, idempotency_key)
    view = await _wait_for_verdict(services, who, generation_id, _wait_s(prefer, services.limits))
    response.headers["Location"] = f"/v1/generations/{generation_id}"
    return view


@router.get("", summary="List generations, newest first")
def list_generations(
    who: Reader,
    services: ServicesHere,
    account_id: Identifier | None = None,
    state: State | None = None,
    after: Identifier | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> GenerationPage:
    """Your own; staff and pipelines may name any account, or none for all. Decisions are left out: read one for them."""
    with services.database.read() as session:
        rows = _select(session, _scope(who, account_id), state, after, limit)
    views = [GenerationView.of(row, ()) for row in rows[:limit]]
    return GenerationPage(items=views, next_after=views[-1].id if len(rows) > limit else None)


@router.get("/{generation_id}", summary="Read one generation and its decisions")
def read(generation_id: Identifier, who: Reader, services: ServicesHere) -> GenerationView:
    """With every decision, machine's and people's, oldest first. Whoever asked reads the reasons in words; staff and pipelines
    read findings and rules, too."""
    with services.database.read() as session:
        visible(session, generation_id, who)
        return _view(session, generation_id, who)


@router.post("/{generation_id}/cancel", summary="Cancel a generation in flight")
def cancel(generation_id: Identifier, who: Requester, services: ServicesHere) -> GenerationView:
    """What is running stops; the quota is given back. One that is released or over answers 409."""
    with services.database.transaction() as session:
        visible(session, generation_id, who)
        at_ms = now_ms(session)
        move(session, lock_generation(session, generation_id), Step.CANCEL, now_ms=at_ms, because="requester")
        audit.record(
            session,
            actor=who.account_id,
            act="generation.cancelled",
            subject=generation_id,
            detail={},
            at_ms=at_ms,
        )
        return _view(session, generation_id, who)


def visible(session: Session, generation_id: str, who: Principal) -> Generation:
    """The generation, if it is the principal's to see. Raises `GenerationUnknown` either way: existence is not told."""
    generation = get_generation(session, generation_id)
    if not sees_all(who) and generation.account_id != who.account_id:
        raise GenerationUnknown(
            "no generation of yours has this id",
            field="generation_id",
            value=generation_id,
            remedy="list yours to find its id",
        )
    return generation


def acting_account(session: Session, who: Principal, asked: str | None) -> str:
    """For which account the principal acts. Raises `NotYourAccount`, `AccountUnknown`."""
    if asked is None or asked == who.account_id:
        return who.account_id
    if not who.may(Role.PIPELINE):
        raise NotYourAccount(
            "only a pipeline's key may act for another account",
            field="account_id",
            value=asked,
            remedy="leave the field out",
        )
    return get_account(session, asked).id


def require_assets(session: Session, field: str, hashes: tuple[str, ...], *accounts: str) -> None:
    """Raises `AssetUnknown` for the first that none of `accounts` uploaded; whether somebody else did is not told."""
    for position, sha256 in enumerate(hashes):
        if not holds(session, sha256, frozenset(accounts)):
            raise AssetUnknown(
                "you uploaded no file with this sha256",
                field=f"{field}.{position}",
                value=sha256,
                remedy="upload it first: PUT /v1/assets/{sha256}",
            )


def _submit(services: Services, who: Principal, body: GenerationIn, key: str | None) -> str:
    generation_id = new_id("gen")
    with services.database.transaction() as session:
        at_ms = now_ms(session)
        account_id = acting_account(session, who, body.account_id)
        if key is not None:
            known = once(
                session,
                account_id=who.account_id,
                key=key,
                body=body.model_dump_json().encode(),
                result_id=generation_id,
                now_ms=at_ms,
            )
            if known != generation_id:
                return known
        require_assets(session, "references", body.references, who.account_id, account_id)
        asked = body.model_dump(exclude={"account_id"})
        request = GenerationRequested(generation_id=generation_id, account_id=account_id, **asked)
        receive(session, request, now_ms=at_ms)
    return generation_id


async def _wait_for_verdict(
    services: Services, who: Principal, generation_id: str, wait_s: float
) -> GenerationView:
    deadline = monotonic() + wait_s
    while True:
        view = await run_in_threadpool(_read, services, generation_id, who)
        if view.state != State.REQUESTED.value or monotonic() >= deadline:
            return view
        await anyio.sleep(POLL_S)


def _wait_s(prefer: str, limits: ApiLimits) -> float:
    """`wait` decides; else `respond-async` means not at all; else the default."""
    preferences = dict(part.strip().lower().partition("=")[::2] for part in prefer.split(","))
    wait = preferences.get("wait", "").strip()
    if wait.isascii() and wait.isdigit():
        return min(float(wait), limits.max_wait_s)
    return 0.0 if "respond-async" in preferences else limits.default_wait_s


def _read(services: Services, generation_id: str, who: Principal) -> GenerationView:
    with services.database.read() as session:
        return _view(session, generation_id, who)


def _view(session: Session, generation_id: str, who: Principal) -> GenerationView:
    generation, decisions = get_generation(session, generation_id), decisions_of(session, generation_id)
    return GenerationView.of(generation, decisions, whole=sees_all(who))


def _scope(who: Principal, asked: str | None) -> str | None:
    if sees_all(who):
        return asked
    if asked not in (None, who.account_id):
        raise NotYourAccount(
            "you see your own only", field="account_id", value=asked, remedy="leave the field out"
        )
    return who.account_id


def _select(
    session: Session, account_id: str | None, state: State | None, after: str | None, limit: int
) -> list[Generation]:
    statement = select(Generation)
    if account_id is not None:
        statement = statement.where(Generation.account_id == account_id)
    if state is not None:
        statement = statement.where(Generation.state == state.value)
    edge = session.get(Generation, after) if after else None
    if after and edge is None:
        return []
    if edge is not None:
        same_time = and_(col(Generation.created_ms) == edge.created_ms, col(Generation.id) < edge.id)
        statement = statement.where(or_(col(Generation.created_ms) < edge.created_ms, same_time))
    ordered = statement.order_by(col(Generation.created_ms).desc(), col(Generation.id).desc())
    return list(session.exec(ordered.limit(limit + 1)))
