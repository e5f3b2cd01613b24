"""Ruling again on what was recorded: the proof that a decision follows from its findings, and the backtest of a new document."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, select

from moderation.gate.decisions import MACHINE, Decision
from policies.document import PolicyDocument
from policies.lifecycle.replay import Recorded, Replayed, replay

PAGE = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision ruled again."""

    decision_id: str
    generation_id: str
    stage: str
    replayed: Replayed


def recorded_decisions(
    session: Session, *, ids: tuple[str, ...] = (), since_ms: int = 0
) -> Iterator[Decision]:
    """Machine decisions in order of time: those named, or all; made at `since_ms` or later."""
    last = ("", since_ms)
    while True:
        statement = select(Decision).where(col(Decision.actor) == MACHINE)
        if ids:
            statement = statement.where(col(Decision.id).in_(ids) | col(Decision.generation_id).in_(ids))
        newer = (col(Decision.created_ms) > last[1]) | (
            (col(Decision.created_ms) == last[1]) & (col(Decision.id) > last[0])
        )
        page = session.exec(
            statement.where(newer).order_by(col(Decision.created_ms), col(Decision.id)).limit(PAGE)
        ).all()
        yield from page
        if len(page) < PAGE:
            return
        last = (page[-1].id, page[-1].created_ms)


def replay_all(
    decisions: Iterator[Decision], document_of: Callable[[str], PolicyDocument]
) -> Iterator[Outcome]:
    """Rule again on each. `document_of` gives the document for the revision a decision was ruled under: that very one to replay,
    another to backtest."""
    for decision in decisions:
        body = json.loads(decision.body)
        recorded = Recorded(body["reports"], body["context"], body["ruling"])
        replayed = replay(document_of(decision.policy_revision), recorded)
        yield Outcome(decision.id, decision.generation_id, decision.stage, replayed)
