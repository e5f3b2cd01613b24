"""Whether a generation still has the consent it was approved with: asked while it is made, and again when it is released."""

from collections.abc import Sequence

from sqlmodel import Session

from consent.likeness.rulings import UseRuling, evaluate_use
from moderation.generation.facts import parent_state
from moderation.generation.rows import request_of
from moderation.generation.state import State
from moderation.generation.tables import Generation, GenerationLikeness


def consent_lost(
    session: Session, generation: Generation, pinned: Sequence[GenerationLikeness], *, now_ms: int
) -> str:
    """The code of the first refusal among its likenesses, or of its parent's withdrawal; empty when all still hold."""
    for row in pinned:
        ruling = rule_pinned(session, generation, row, now_ms=now_ms)
        if not ruling.permitted:
            return ruling.code
    parent = generation.remix_parent
    if parent and parent_state(session, parent, generation.account_id) != State.RELEASED.value:
        return "remix.parent_not_released"
    return ""


def rule_pinned(
    session: Session, generation: Generation, row: GenerationLikeness, *, now_ms: int
) -> UseRuling:
    """The registry's answer now for a likeness the generation was approved to show."""
    return evaluate_use(
        session,
        handle_or_id=row.likeness_id,
        account_id=generation.account_id,
        purpose=request_of(generation).purpose,
        now_ms=now_ms,
        generation_id=generation.id,
    )
