"""Backtests as they were kept: read again into the report that was shown when they were made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from moderation.policy.tables import PolicyBacktest
from policies.lifecycle.backtest import Agreement, BacktestReport, Flip, Measured
from policies.taxonomy import Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """A backtest on record. `row.flips` counts every flip, and `report.flips` has those that were kept; decisions made since
    `since_ms` were ruled on, 0 for all."""

    row: PolicyBacktest
    report: BacktestReport
    since_ms: int


def kept_backtests(session: Session, revision: str, *, limit: int = 5) -> tuple[Kept, ...]:
    """The newest backtests of this revision, newest first."""
    statement = (
        select(PolicyBacktest)
        .where(PolicyBacktest.revision == revision)
        .order_by(col(PolicyBacktest.at_ms).desc(), col(PolicyBacktest.id).desc())
        .limit(limit)
    )
    return tuple(_kept(row) for row in session.exec(statement))


def report_from_plain(plain: Mapping[str, Any]) -> BacktestReport:
    """What `report_to_plain` wrote."""
    return BacktestReport(
        revision=plain["revision"],
        decisions=plain["decisions"],
        unreadable=tuple(plain["unreadable"]),
        partial=plain["partial"],
        decided=plain["decided_by_people"],
        before=_measured(plain["before"]),
        after=_measured(plain["after"]),
        flips=tuple(_flip(one) for one in plain["flips"]),
        moves={_pair(name): count for name, count in plain["moves"].items()},
    )


def _kept(row: PolicyBacktest) -> Kept:
    plain = json.loads(row.report)
    return Kept(row, report_from_plain(plain), plain["since_ms"])


def _measured(plain: Mapping[str, Any]) -> Measured:
    return Measured(stops=_agreement(plain["stops"]), blocks=_agreement(plain["blocks"]))


def _agreement(plain: Mapping[str, Any]) -> Agreement:
    """From the two shares, of which one without rows is null: nothing was counted there."""
    precision, recall = (plain[name] or {"hits": 0, "n": 0} for name in ("precision", "recall"))
    right = precision["hits"]
    return Agreement(right=right, wrong=precision["n"] - right, missed=recall["n"] - right)


def _pair(name: str) -> tuple[Verdict, Verdict]:
    before, _, after = name.partition("->")
    return Verdict(before), Verdict(after)


def _flip(plain: Mapping[str, Any]) -> Flip:
    return Flip(
        decision_id=plain["id"],
        generation_id=plain["generation_id"],
        stage=plain["stage"],
        before=Verdict(plain["before"]),
        after=Verdict(plain["after"]),
        category=plain["category"],
        rule=plain["rule"],
        human=Verdict(plain["human"]) if plain["human"] else None,
        whole=plain["whole"],
    )
