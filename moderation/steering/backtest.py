"""A backtest of a document on the recorded decisions, against what people decided, and its record."""

import json
from collections.abc import Callable, Iterator, Mapping
from math import isnan
from typing import Any

from sqlmodel import Session, col, func, select

from moderation.gate.decisions import MACHINE, Decision
from moderation.ids import new_id
from moderation.policy.tables import PolicyBacktest
from moderation.replaying import recorded_decisions
from moderation.transparency import audit
from policies.document import PolicyDocument
from policies.evaluation.intervals import Share
from policies.lifecycle.backtest import Agreement, BacktestReport, Flip, Judged, Measured, backtest
from policies.lifecycle.replay import Recorded
from policies.taxonomy import Verdict

FLIPS_KEPT = 500
"""Flips in a stored report; their number is kept whole."""


def run_backtest(
    session: Session,
    document: PolicyDocument,
    against: PolicyDocument,
    *,
    since_ms: int = 0,
    done: Callable[[int], object] = lambda _count: None,
) -> BacktestReport:
    """Rule on every machine decision made since, under both documents, and compare with people's decisions on them. `done` is
    called with how many more were ruled on. No model runs."""
    return backtest(document, _judged(session, since_ms, done), against)


def count_recorded(session: Session, *, since_ms: int = 0) -> int:
    """How many decisions a backtest would rule on."""
    statement = select(func.count()).where(Decision.actor == MACHINE, col(Decision.created_ms) >= since_ms)
    return session.exec(statement).one()


def keep_backtest(
    session: Session, report: BacktestReport, against: str, *, since_ms: int, actor: str, now_ms: int
) -> PolicyBacktest:
    """Record that it was made against that revision and what it showed, and audit it."""
    row = PolicyBacktest(
        id=new_id("bkt"),
        revision=report.revision,
        against=against,
        decisions=report.decisions,
        flips=len(report.flips),
        report=json.dumps({**report_to_plain(report), "since_ms": since_ms}, sort_keys=True),
        actor=actor,
        at_ms=now_ms,
    )
    session.add(row)
    detail: dict[str, audit.Plain] = {"backtest": row.id, "decisions": row.decisions, "flips": row.flips}
    audit.record(
        session, actor=actor, act="policy.backtested", subject=row.revision, detail=detail, at_ms=now_ms
    )
    return row


def report_to_plain(report: BacktestReport) -> dict[str, Any]:
    """The report as JSON: shares with n and 95 % interval, null where there are no rows; at most `FLIPS_KEPT` flips."""
    return {
        "revision": report.revision,
        "decisions": report.decisions,
        "unreadable": list(report.unreadable[:FLIPS_KEPT]),
        "partial": report.partial,
        "decided_by_people": report.decided,
        "before": _measured(report.before),
        "after": _measured(report.after),
        "moves": {f"{before.value}->{after.value}": n for (before, after), n in sorted(report.moves.items())},
        "flipped": len(report.flips),
        "flips": [_flip(flip) for flip in report.flips[:FLIPS_KEPT]],
    }


def _judged(session: Session, since_ms: int, done: Callable[[int], object]) -> Iterator[Judged]:
    people = _people(session, since_ms)
    for decision in recorded_decisions(session, since_ms=since_ms):
        done(1)
        body = json.loads(decision.body)
        yield Judged(
            decision.id,
            decision.generation_id,
            decision.stage,
            Recorded(body.get("reports", ()), body.get("context", {}), body.get("ruling", {})),
            people.get((decision.generation_id, decision.body_sha256)),
        )


def _people(session: Session, since_ms: int) -> Mapping[tuple[str, str], Verdict]:
    """The last decision of a person on each machine decision, by generation and the machine's body."""
    statement = (
        select(Decision)
        .where(col(Decision.actor) != MACHINE, col(Decision.created_ms) >= since_ms)
        .order_by(col(Decision.created_ms), col(Decision.id))
    )
    decided = {}
    for decision in session.exec(statement):
        on = str(json.loads(decision.body).get("decided_on", ""))
        decided[decision.generation_id, on] = Verdict(decision.verdict)
    return decided


def _measured(measured: Measured) -> dict[str, Any]:
    return {"stops": _agreement(measured.stops), "blocks": _agreement(measured.blocks)}


def _agreement(agreement: Agreement) -> dict[str, Any]:
    low, high = agreement.f1_interval
    f1 = None if isnan(agreement.f1) else {"value": agreement.f1, "low": low, "high": high}
    return {"precision": _share(agreement.precision), "recall": _share(agreement.recall), "f1": f1}


def _share(share: Share) -> dict[str, Any] | None:
    if not share.n:
        return None
    low, high = share.interval
    return {"value": share.value, "hits": share.hits, "n": share.n, "low": low, "high": high}


def _flip(flip: Flip) -> dict[str, Any]:
    return {
        "id": flip.decision_id,
        "generation_id": flip.generation_id,
        "stage": flip.stage,
        "before": flip.before.value,
        "after": flip.after.value,
        "category": flip.category,
        "rule": flip.rule,
        "human": flip.human.value if flip.human else None,
        "whole": flip.whole,
    }
