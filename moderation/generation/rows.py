"""Reading, locking and moving generation rows: every change of state goes through `move`."""

from sqlmodel import Session, col, select

from consent.likeness.uses import return_uses
from moderation.accounts.quota import give_back
from moderation.errors import Kind, ServiceError
from moderation.generation.state import FINAL, State, Step, advance
from moderation.generation.tables import Generation, GenerationLikeness
from moderation.messages import GenerationRequested


class GenerationUnknown(ServiceError):
    """No generation has this id."""

    code = "generation.unknown"
    kind = Kind.NOT_FOUND


def lock_generation(session: Session, generation_id: str) -> Generation:
    """The row as it is now, locked until the transaction ends. Raises `GenerationUnknown`."""
    statement = (
        select(Generation)
        .where(Generation.id == generation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = session.exec(statement).one_or_none()
    if row is None:
        raise _unknown(generation_id)
    return row


def get_generation(session: Session, generation_id: str) -> Generation:
    """The row, not locked. Raises `GenerationUnknown`."""
    row = session.get(Generation, generation_id, populate_existing=True)
    if row is None:
        raise _unknown(generation_id)
    return row


def request_of(generation: Generation) -> GenerationRequested:
    """The command that started it."""
    return GenerationRequested.model_validate_json(generation.request)


def pinned_likenesses(session: Session, generation_id: str) -> tuple[GenerationLikeness, ...]:
    """The likenesses it was approved to show, in id order."""
    statement = (
        select(GenerationLikeness)
        .where(GenerationLikeness.generation_id == generation_id)
        .order_by(col(GenerationLikeness.likeness_id))
    )
    return tuple(session.exec(statement))


def move(session: Session, generation: Generation, step: Step, *, now_ms: int, because: str = "") -> State:
    """Take `step` and return the new state; a final state that never released gives its quota back. Raises `IllegalStep`."""
    before = State(generation.state)
    after = advance(before, step)
    generation.state = after.value
    generation.updated_ms = now_ms
    if because:
        generation.ended_because = because
    if after in FINAL and before is not State.RELEASED:
        return_capacity(session, generation.id, now_ms)
    session.add(generation)
    session.flush()
    return after


def return_capacity(session: Session, generation_id: str, now_ms: int) -> None:
    """Give back what it holds, in the order in which approving takes it, so that the two never wait for each other."""
    return_uses(session, generation_id=generation_id, now_ms=now_ms)
    give_back(session, generation_id)


def _unknown(generation_id: str) -> GenerationUnknown:
    return GenerationUnknown(
        "no generation has this id",
        field="generation_id",
        value=generation_id,
        remedy="list yours to find its id",
    )
