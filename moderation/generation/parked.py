"""Generations that wait for a parked message, and what becomes of one whose message an operator dismisses: people decide.

A person's allow sends the brief to the generator anew, a block refuses the generation; nothing stays held with nobody to ask.
"""

from sqlmodel import Session

from moderation.bus.dead_letters import RELAY_GROUP, DeadLetter
from moderation.gate.decisions import record_judgement
from moderation.gate.gate import conclude
from moderation.generation.request_stage import hold
from moderation.generation.rows import lock_generation
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import Topic
from moderation.review.cases import open_case
from policies.document import PolicyDocument
from policies.findings import CheckReport, CheckStatus
from policies.rulings import PolicyContext
from policies.taxonomy import Stage

PARKED = "parked"
"""The held stage of a generation that waits for a message to be replayed."""
_TOPICS = frozenset({Topic.APPROVED.value, Topic.OUTPUTS.value})


def waits_for(session: Session, letter: DeadLetter) -> str:
    """The id of the generation that cannot go on without this message; empty when none waits."""
    if letter.topic not in _TOPICS:
        return ""
    generation = session.get(Generation, letter.key, populate_existing=True)
    return letter.key if generation is not None and _stuck(generation, letter) else ""


def give_to_people(session: Session, letter: DeadLetter, document: PolicyDocument, *, now_ms: int) -> str:
    """The message will never be processed: open a case for the generation that waits for it; its id, or empty when none does."""
    if not waits_for(session, letter):
        return ""
    generation = lock_generation(session, letter.key)
    if not _stuck(generation, letter):
        return ""
    report = CheckReport("message", 0, CheckStatus.UNJUDGED, "1", (), "message.dismissed")
    context = PolicyContext(
        stage=Stage.REQUEST, adult=True, feed=False, real_person=False, minor_present=False
    )
    judgement = conclude(document, context, (report,), 0)
    decision = record_judgement(session, generation.id, judgement, now_ms=now_ms)
    generation.request_decision_id = decision.id
    if State(generation.state) is not State.HELD:
        hold(session, generation, decision, Stage.REQUEST, now_ms=now_ms)
    generation.held_stage = Stage.REQUEST.value
    generation.ended_because = ""
    session.add(generation)
    case = open_case(
        session,
        generation_id=generation.id,
        decision_id=decision.id,
        stage=Stage.REQUEST.value,
        overridable=True,
        now_ms=now_ms,
    )
    return case.id


def _stuck(generation: Generation, letter: DeadLetter) -> bool:
    """Held for this message; or approved, when the log never took the message that would have moved it on."""
    state = State(generation.state)
    if state is State.HELD:
        return generation.held_stage == PARKED
    return state is State.APPROVED and letter.group == RELAY_GROUP
