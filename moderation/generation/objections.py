"""What stands above a moderator's allow, told before they try: the same conditions that `human` enforces when they decide.

Reading only, without locks: what is true when the page is made may have changed by the decision, which asks again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from moderation.errors import ServiceError
from moderation.gate.decisions import Decision
from moderation.generation.facts import likeness_uses
from moderation.generation.human import require_allowable, require_waiting
from moderation.generation.rows import request_of
from moderation.generation.state import FINAL, State
from moderation.generation.tables import Generation


@dataclass(frozen=True, slots=True)
class Standing:
    """`moved_on`: why there is nothing left to decide, or empty. `ended`: the generation is over for good, and the case can only
    be closed. `objections`: why nobody may allow it; none when a person may."""

    moved_on: str
    ended: bool
    objections: tuple[str, ...]


def standing_of(session: Session, generation: Generation, machine: Decision, *, now_ms: int) -> Standing:
    """How a decision on `machine` stands now."""
    if State(generation.state) in FINAL:
        because = f" ({generation.ended_because})" if generation.ended_because else ""
        return Standing(f"The generation is {generation.state}{because}.", True, ())
    moved_on = _refusal(lambda: require_waiting(generation, machine))
    if moved_on:
        where = f"{generation.state} {generation.held_stage}".strip()
        return Standing(f"{moved_on} It is {where}.", False, ())
    uses = likeness_uses(session, request_of(generation), now_ms=now_ms)
    objections = [use.sentence for use in uses if not use.permitted]
    forbidden = _refusal(lambda: require_allowable(session, generation, machine))
    return Standing("", False, (*objections, *([forbidden] if forbidden else [])))


def _refusal(ask: Callable[[], None]) -> str:
    try:
        ask()
    except ServiceError as error:
        return f"{error.sentence[:1].upper()}{error.sentence[1:]}."
    return ""
