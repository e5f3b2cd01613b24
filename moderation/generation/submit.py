"""Taking a request in: the row, its job, and nothing else. Idempotent by generation id, whichever way the request came."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlmodel import Session, col

from moderation.accounts.quota import count_request, count_requests
from moderation.bulk import any_of, insert_rows
from moderation.bus.jobs import NewJob, insert_job, insert_jobs
from moderation.errors import Kind, ServiceError
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested
from moderation.sql import insert_new

REQUEST_GATE = "gate.request"
_COLUMNS = (
    "id", "account_id", "state", "held_stage", "request", "remix_parent", "generator", "progress", "requests_last_minute",
    "ended_because", "created_ms", "updated_ms",
)  # fmt: skip


class Overtaken(Exception):
    """Another transaction took an id of the batch at the same moment: each request is received alone."""


class GenerationIdTaken(ServiceError):
    """The id was used for another request."""

    code = "generation.id_taken"
    kind = Kind.CONFLICT


def receive(session: Session, request: GenerationRequested, *, now_ms: int) -> bool:
    """Record the request and queue its judgement; False when this very request was received before.

    Raises `GenerationIdTaken` when the id belongs to another request: nothing is overwritten.
    """
    body = request.model_dump_json()
    fresh = insert_new(
        session,
        Generation,
        id=request.generation_id,
        account_id=request.account_id,
        state=State.REQUESTED.value,
        held_stage="",
        request=body,
        remix_parent=request.remix_parent,
        generator="",
        progress=0.0,
        requests_last_minute=0,
        ended_because="",
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    if not fresh:
        _refuse_other(session, request, body)
        return False
    rate = count_request(session, request.account_id, now_ms)
    mine = col(Generation.id) == request.generation_id
    session.execute(update(Generation).where(mine).values(requests_last_minute=rate))
    insert_job(
        session,
        kind=REQUEST_GATE,
        subject_id=request.generation_id,
        payload={},
        now_ms=now_ms,
        dedupe_key=f"{REQUEST_GATE}:{request.generation_id}",
    )
    return True


def receive_many(session: Session, requests: Sequence[GenerationRequested], *, now_ms: int) -> None:
    """As `receive` for each in order, with a handful of statements for all. Raises `GenerationIdTaken` where `receive` does, and
    `Overtaken`."""
    new, again = _apart(session, requests)
    rates = count_requests(session, [request.account_id for request in new], now_ms)
    rows = [
        (request.generation_id, request.account_id, State.REQUESTED.value, "", request.model_dump_json(),
         request.remix_parent, "", 0.0, rate, "", now_ms, now_ms)
        for request, rate in zip(new, rates, strict=True)
    ]  # fmt: skip
    ids = [request.generation_id for request in new]
    jobs = [NewJob(REQUEST_GATE, name, {}, f"{REQUEST_GATE}:{name}") for name in ids]
    inserted = insert_rows(session, Generation, _COLUMNS, rows, or_ignore=True)
    if inserted < len(new) or insert_jobs(session, jobs, now_ms=now_ms) < len(new):
        raise Overtaken
    for request in again:
        receive(session, request, now_ms=now_ms)


def _apart(
    session: Session, requests: Sequence[GenerationRequested]
) -> tuple[list[GenerationRequested], list[GenerationRequested]]:
    """The requests whose ids are new, and those that come again."""
    ids = [request.generation_id for request in requests]
    known = set(
        session.execute(select(col(Generation.id)).where(any_of(session, Generation.id, ids))).scalars()
    )
    new: list[GenerationRequested] = []
    again: list[GenerationRequested] = []
    for request in requests:
        (again if request.generation_id in known else new).append(request)
        known.add(request.generation_id)
    return new, again


def _refuse_other(session: Session, request: GenerationRequested, body: str) -> None:
    known = session.get_one(Generation, request.generation_id)
    if known.request != body:
        raise GenerationIdTaken(
            "another request has this id",
            field="generation_id",
            value=request.generation_id,
            remedy="send a fresh id for a new request",
        )
