"""Builds the clauses from data that the schema and the semantic checks have passed; nothing is checked here again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from policies.clauses import (
    Clock,
    CombinationClause,
    ContextClause,
    DsaCodes,
    ReasonClause,
    SignalClause,
    Threshold,
)
from policies.taxonomy import Category, Verdict

Data = Mapping[str, Any]


def threshold(data: Data) -> Threshold:
    """A threshold of 0, or one not given, is off."""
    return Threshold(_level(data.get("review", 0)), _level(data.get("block", 0)))


def _level(value: float) -> float | None:
    return float(value) if value else None


def _thresholds(data: Data) -> Mapping[Category, Threshold]:
    return MappingProxyType({Category(name): threshold(levels) for name, levels in data.items()})


def build_signals(data: Data) -> Mapping[str, SignalClause]:
    """`signals`."""
    return MappingProxyType({name: _signal(clause) for name, clause in data["signals"].items()})


def _signal(clause: Data) -> SignalClause:
    verdict = Verdict(clause["verdict"]) if "verdict" in clause else None
    return SignalClause(_thresholds(clause.get("thresholds", {})), verdict, clause.get("reason"))


def build_contexts(data: Data) -> Mapping[str, ContextClause]:
    """`contexts`."""
    return MappingProxyType({name: _context(clause) for name, clause in data.get("contexts", {}).items()})


def _context(clause: Data) -> ContextClause:
    tightened = {name: _thresholds(levels) for name, levels in clause.get("thresholds", {}).items()}
    return ContextClause(
        when_any=frozenset(clause["when_any"]),
        review_becomes_block=frozenset(Category(name) for name in clause.get("review_becomes_block", ())),
        thresholds=MappingProxyType(tightened),
    )


def build_combinations(data: Data) -> Mapping[str, CombinationClause]:
    """`combinations`."""
    return MappingProxyType(
        {
            name: CombinationClause(
                frozenset(clause.get("all_of", ())),
                Category(clause["category"]),
                Verdict(clause["verdict"]),
                MappingProxyType({part: float(level) for part, level in clause.get("scores", {}).items()}),
            )
            for name, clause in data.get("combinations", {}).items()
        }
    )


def build_unjudged(data: Data) -> Mapping[str, Verdict]:
    """`unjudged`: cause to verdict."""
    return MappingProxyType({cause: Verdict(verdict) for cause, verdict in data.get("unjudged", {}).items()})


def build_reasons(data: Data) -> Mapping[str, ReasonClause]:
    """`reasons`."""
    return MappingProxyType({name: _reason(clause) for name, clause in data["reasons"].items()})


def _reason(clause: Data) -> ReasonClause:
    return ReasonClause(
        user=clause["user"],
        operator=clause["operator"],
        hint=clause.get("hint", ""),
        hint_when=clause.get("hint_when", "always" if "hint" in clause else "never"),
        dsa=_dsa(clause["dsa"]) if "dsa" in clause else None,
    )


def _dsa(clause: Data) -> DsaCodes:
    return DsaCodes(
        category=clause["category"],
        keywords=tuple(sorted(clause.get("keywords", ()))),
        ground=clause["ground"],
        legal_ground=clause.get("legal_ground", ""),
    )


def build_clocks(data: Data) -> Mapping[str, Clock]:
    """`clocks`."""
    return MappingProxyType({name: _clock(clause) for name, clause in data.get("clocks", {}).items()})


def _clock(clause: Data) -> Clock:
    return Clock(
        regime=clause["regime"],
        starts=clause["starts"],
        duty=clause["duty"],
        at_least=clause["at_least"],
        at_most=clause.get("at_most", clause["at_least"]),
        unit=clause["unit"],
        source=clause["source"],
    )
