"""Decisions: the immutable record of a judgement, by a machine or a person.

The body is canonical JSON (RFC 8785) without ids, times or durations, so that the same judgement has the same bytes and the
same hash, and `replay` can prove it. Ids and times are columns beside it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Text, event
from sqlalchemy.orm import Mapper
from sqlmodel import Field, Session, SQLModel, col, select

from moderation import traces
from moderation.bus.outbox import enqueue
from moderation.errors import Kind, ServiceError
from moderation.gate.gate import Judgement
from moderation.gate.shadows import record_shadows
from moderation.guards import DECISIONS, guard_table
from moderation.ids import new_id
from moderation.messages import DecisionMade
from policies.canonical import Encoded, canonical, encoded
from policies.findings import CheckReport, CheckStatus
from policies.records import context_to_plain, reports_to_plain, ruling_to_plain

BODY_SCHEMA: Final = 1
MACHINE: Final = "machine"
PERSON: Final = "person"
"""Who decided, to whoever asked: not which moderator."""
TOLD: Final = ("code", "user_text", "edit")
"""Of the reasons, what whoever asked may read."""


class Decision(SQLModel, table=True):
    """One verdict at one stage. `actor` is `machine` or the account of the person; `body` is canonical JSON."""

    __tablename__ = "decision"

    id: str = Field(primary_key=True)
    generation_id: str = Field(index=True)
    stage: str
    verdict: str
    category: str = ""
    actor: str = MACHINE
    case_id: str = ""
    policy_revision: str
    registry_version: int = Field(default=0, sa_type=BigInteger)
    body: str = Field(sa_column=Column(Text, nullable=False))
    body_sha256: str
    created_ms: int = Field(sa_type=BigInteger)


class DecisionIsImmutable(ServiceError):
    """Somebody tried to change or delete a decision."""

    code = "decision.immutable"
    kind = Kind.CONFLICT


def body_of(judgement: Judgement) -> bytes:
    """The canonical body: verdict, findings, rules, context and every revision pinned; no ids, times or durations."""
    document: dict[str, Any] = {
        "schema": BODY_SCHEMA,
        "stage": judgement.stage.value,
        "verdict": judgement.verdict.value,
        "categories": list(judgement.categories),
        "context": context_to_plain(judgement.context),
        "reports": [_part(report) for report in judgement.reports],
        "ruling": ruling_to_plain(judgement.ruling),
        "reasons": reasons_of(judgement),
        "revisions": revisions_of(judgement),
    }
    return canonical(document).encode()


def _part(report: CheckReport) -> Encoded:
    """One report. Those without findings come again with every decision."""
    return _encoded_report(report) if report.findings else _known_report(report)


def _encoded_report(report: CheckReport) -> Encoded:
    return encoded(reports_to_plain((report,))[0])  # type: ignore[index]  # a JSON array by construction


_known_report = lru_cache(maxsize=1024)(_encoded_report)


def reasons_of(judgement: Judgement) -> dict[str, Any]:
    """The statement of reasons as JSON."""
    statement = judgement.statement
    return {
        "code": statement.code,
        "user_text": statement.user_text,
        "operator_text": statement.operator_text,
        "edit": statement.edit,
        "dsa": asdict(statement.dsa) if statement.dsa else None,
    }


def revisions_of(judgement: Judgement) -> dict[str, Any]:
    """The policy's, the registry's and each check's revision; a check's own revision names its model's."""
    return {
        "policy": judgement.policy_revision,
        "registry": judgement.registry_version,
        "checks": {report.check: report.revision for report in judgement.reports},
    }


def record_judgement(session: Session, generation_id: str, judgement: Judgement, *, now_ms: int) -> Decision:
    """Write a machine's decision and announce it, in the caller's transaction."""
    category = judgement.ruling.category
    decision = _record(
        session,
        generation_id=generation_id,
        stage=judgement.stage.value,
        verdict=judgement.verdict.value,
        category=category.value if category else "",
        categories=judgement.categories,
        actor=MACHINE,
        case_id="",
        policy_revision=judgement.policy_revision,
        registry_version=judgement.registry_version,
        body=body_of(judgement),
        now_ms=now_ms,
        blocked_by=judgement.blocked_by,
    )
    record_shadows(session, [(decision.id, judgement)], now_ms=now_ms)
    return decision


def record_human(
    session: Session,
    generation_id: str,
    *,
    stage: str,
    verdict: str,
    moderator: str,
    case_id: str,
    reason: str,
    machine: Decision,
    now_ms: int,
) -> Decision:
    """Write a person's decision on what the machine decided in `machine`; its body names the machine's by hash."""
    body: dict[str, Any] = {
        "schema": BODY_SCHEMA,
        "stage": stage,
        "verdict": verdict,
        "reason": reason,
        "decided_on": machine.body_sha256,
        "revisions": {"policy": machine.policy_revision, "registry": machine.registry_version},
    }
    return _record(
        session,
        generation_id=generation_id,
        stage=stage,
        verdict=verdict,
        category=machine.category,
        categories=(machine.category,) if machine.category else (),
        actor=moderator,
        case_id=case_id,
        policy_revision=machine.policy_revision,
        registry_version=machine.registry_version,
        body=canonical(body).encode(),
        now_ms=now_ms,
    )


def decisions_of(session: Session, generation_id: str) -> tuple[Decision, ...]:
    """All decisions on a generation, oldest first."""
    statement = (
        select(Decision)
        .where(Decision.generation_id == generation_id)
        .order_by(col(Decision.created_ms), col(Decision.id))
    )
    return tuple(session.exec(statement))


def explained(decision: Decision) -> Mapping[str, Any]:
    """The decision for the API and the command line: `id` and `verdict` on top, the body's fields beside them."""
    return {
        "id": decision.id,
        "verdict": decision.verdict,
        "generation_id": decision.generation_id,
        "actor": decision.actor,
        "body_sha256": decision.body_sha256,
        "created_ms": decision.created_ms,
        **{name: value for name, value in json.loads(decision.body).items() if name != "verdict"},
    }


def told_to_requester(decision: Decision) -> Mapping[str, Any]:
    """As `explained`, for whoever asked for the video: the reasons in their words, without findings, scores, thresholds, names
    of list entries, the operators' text, or who decided."""
    body: Mapping[str, Any] = json.loads(decision.body)
    reasons = body.get("reasons") or {}
    return {
        "id": decision.id,
        "verdict": decision.verdict,
        "generation_id": decision.generation_id,
        "stage": decision.stage,
        "actor": MACHINE if decision.actor == MACHINE else PERSON,
        "created_ms": decision.created_ms,
        "categories": body.get("categories", [decision.category] if decision.category else []),
        "reasons": {name: reasons.get(name) for name in TOLD},
        "reason": body.get("reason", ""),
        "revisions": {"policy": decision.policy_revision},
    }


def unjudged_causes(judgement: Judgement) -> dict[str, str]:
    """Check name to cause for each check that could not judge."""
    return {
        report.check: report.cause for report in judgement.reports if report.status is CheckStatus.UNJUDGED
    }


def _record(
    session: Session,
    *,
    generation_id: str,
    stage: str,
    verdict: str,
    category: str,
    categories: tuple[str, ...],
    actor: str,
    case_id: str,
    policy_revision: str,
    registry_version: int,
    body: bytes,
    now_ms: int,
    blocked_by: tuple[str, ...] = (),
) -> Decision:
    decision = Decision(
        id=new_id("dec"),
        generation_id=generation_id,
        stage=stage,
        verdict=verdict,
        category=category,
        actor=actor,
        case_id=case_id,
        policy_revision=policy_revision,
        registry_version=registry_version,
        body=body.decode(),
        body_sha256=hashlib.sha256(body).hexdigest(),
        created_ms=now_ms,
    )
    session.add(decision)
    traces.note(generation_id, stage=stage, verdict=verdict)
    message = announcement(
        generation_id=generation_id, decision_id=decision.id, stage=stage, verdict=verdict, actor=actor, categories=categories,
        body_sha256=decision.body_sha256, policy=policy_revision, blocked_by=blocked_by,
    )  # fmt: skip
    enqueue(session, message, event_id=new_id("evt"), at_ms=now_ms)
    return decision


def announcement(**fields: object) -> DecisionMade:
    """The event that announces a decision."""
    return DecisionMade.model_validate(fields)


def _refuse_change(_mapper: Mapper[Any], _connection: Any, target: Decision) -> None:
    raise DecisionIsImmutable(
        "a recorded decision cannot be changed or deleted",
        field="decision",
        value=target.id,
        remedy="record a new decision instead",
    )


event.listen(Decision, "before_update", _refuse_change)
event.listen(Decision, "before_delete", _refuse_change)
guard_table(Decision, DECISIONS)
