"""What the gate perceived is kept where a person must look: for held generations, in the transaction that holds them."""

from collections.abc import Sequence

from sqlmodel import Session

from moderation.gate.perceived import remember
from moderation.gate.subjects import Media
from moderation.generation.rows import get_generation
from moderation.generation.state import State
from policies.taxonomy import Stage


def remember_held(session: Session, generation_id: str, media: Sequence[Media], *, now_ms: int) -> None:
    """Keep `media` for the decision that holds the generation; nothing when it is not held."""
    generation = get_generation(session, generation_id)
    if State(generation.state) is not State.HELD:
        return
    at_request = generation.held_stage == Stage.REQUEST.value
    decision_id = generation.request_decision_id if at_request else generation.output_decision_id
    if decision_id:
        remember(session, decision_id, media, now_ms=now_ms)
