"""Decisions of a batch, written with one statement: the rows and events that `decisions.record_judgement` makes, one by one.

A judgement that several requests share has one body, which is encoded and hashed once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from moderation import traces
from moderation.bulk import insert_rows
from moderation.bus.log import NewRecord
from moderation.bus.outbox import record_of
from moderation.gate.decisions import MACHINE, Decision, announcement, body_of
from moderation.gate.gate import Judgement
from moderation.gate.shadows import record_shadows
from moderation.ids import new_id

_COLUMNS = (
    "id", "generation_id", "stage", "verdict", "category", "actor", "case_id", "policy_revision", "registry_version", "body",
    "body_sha256", "created_ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A decision on record, and the event that announces it, which the caller enqueues in its place among others."""

    row: tuple[Any, ...]
    event: NewRecord

    @property
    def id(self) -> str:
        """The decision's."""
        return str(self.row[0])

    def decision(self) -> Decision:
        """As an object, which no session knows."""
        return Decision(**dict(zip(_COLUMNS, self.row, strict=True)))


@dataclass(frozen=True, slots=True)
class _Body:
    text: str
    sha256: str
    category: str


def record_judgements(
    session: Session, judged: Sequence[tuple[str, Judgement]], *, now_ms: int
) -> list[Written]:
    """Write the machine's decision on each generation id in the caller's transaction, in order."""
    bodies: dict[int, _Body] = {}
    written = []
    for generation_id, judgement in judged:
        body = bodies.get(id(judgement)) or bodies.setdefault(id(judgement), _body(judgement))
        decision_id, verdict = new_id("dec"), judgement.verdict.value
        traces.note(generation_id, stage=judgement.stage.value, verdict=verdict)
        row = (
            decision_id, generation_id, judgement.stage.value, verdict, body.category, MACHINE, "", judgement.policy_revision,
            judgement.registry_version, body.text, body.sha256, now_ms,
        )  # fmt: skip
        message = announcement(
            generation_id=generation_id, decision_id=decision_id, stage=judgement.stage.value, verdict=verdict, actor=MACHINE,
            categories=judgement.categories, body_sha256=body.sha256, policy=judgement.policy_revision,
            blocked_by=judgement.blocked_by,
        )  # fmt: skip
        written.append(Written(row, record_of(message, event_id=new_id("evt"), at_ms=now_ms)))
    insert_rows(session, Decision, _COLUMNS, [one.row for one in written])
    shadowed = [(one.id, judgement) for one, (_, judgement) in zip(written, judged, strict=True)]
    record_shadows(session, shadowed, now_ms=now_ms)
    return written


def _body(judgement: Judgement) -> _Body:
    body = body_of(judgement)
    category = judgement.ruling.category
    return _Body(body.decode(), hashlib.sha256(body).hexdigest(), category.value if category else "")
