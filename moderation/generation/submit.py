"""Taking a request in: the row, its job, and nothing else. Idempotent by generation id, whichever way the request came."""

from sqlalchemy import update
from sqlmodel import Session, col

from moderation.accounts.quota import count_request
from moderation.bus.jobs import insert_job
from moderation.errors import Kind, ServiceError
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested
from moderation.sql import insert_new

REQUEST_GATE = "gate.request"


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


def _refuse_other(session: Session, request: GenerationRequested, body: str) -> None:
    known = session.get_one(Generation, request.generation_id)
    if known.request != body:
        raise GenerationIdTaken(
            "another request has this id",
            field="generation_id",
            value=request.generation_id,
            remedy="send a fresh id for a new request",
        )
