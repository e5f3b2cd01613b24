"""The clauses a policy document is made of: frozen, plain, already validated.

Building one by hand is allowed (tests do); what no document may do is enforced again by the engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from policies.taxonomy import Category, Verdict

HintWhen = Literal["always", "review", "never"]
ClockUnit = Literal["hours", "days", "business_days", "months", "years"]


class Circumstance(StrEnum):
    """What a context rule may depend on, besides signals that fired. All but the stages come from `PolicyContext`."""

    UNDER_18 = "under_18"
    FEED = "feed"
    REAL_PERSON = "real_person"
    MINOR_PRESENT = "minor_present"
    STAGE_REQUEST = "stage.request"
    STAGE_OUTPUT = "stage.output"
    STAGE_PUBLISH = "stage.publish"


@dataclass(frozen=True, slots=True)
class Threshold:
    """Scores from which a finding is a review or a block, in (0, 1]; None is off. `review <= block` where both are on."""

    review: float | None
    block: float | None

    def reached(self, score: float) -> tuple[Verdict, float] | None:
        """The strictest verdict the score reaches and the threshold that says so; None below all thresholds."""
        if self.block is not None and score >= self.block:
            return Verdict.BLOCK, self.block
        if self.review is not None and score >= self.review:
            return Verdict.REVIEW, self.review
        return None


@dataclass(frozen=True, slots=True)
class SignalClause:
    """What one signal means: thresholds per category for a scored signal, or one verdict for a fact.

    `reason` is the key of the reason given when it fires; None means the category's own.
    """

    thresholds: Mapping[Category, Threshold]
    verdict: Verdict | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ContextClause:
    """A stricter rule for a circumstance. Conditions: any name in `when_any` holds, a circumstance or a fired rule.

    Then every review in `review_becomes_block` is a block as well, and `thresholds` (signal to category to threshold)
    apply beside the signal's own. A context never makes anything less strict.
    """

    when_any: frozenset[str]
    review_becomes_block: frozenset[Category]
    thresholds: Mapping[str, Mapping[Category, Threshold]]


@dataclass(frozen=True, slots=True)
class CombinationClause:
    """Evidence that counts more together: fires when every name in `all_of` fired and every score in `scores` is reached.

    A name is a signal (`image.nudity`), a signal's category (`text.classifier:minors`) or, in `all_of`, `combination:ID`.
    `scores` count from the level given here, in (0, 1], which may lie below their own thresholds.
    """

    all_of: frozenset[str]
    category: Category
    verdict: Verdict
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DsaCodes:
    """How the DSA Transparency Database (schema of 1 July 2025) files a decision: see the shipped document for sources."""

    category: str
    keywords: tuple[str, ...]
    ground: str
    legal_ground: str


@dataclass(frozen=True, slots=True)
class ReasonClause:
    """What is said when a rule fires: to the user, to staff, and the edit that would pass (`hint`, where it may be given)."""

    user: str
    operator: str
    hint: str
    hint_when: HintWhen
    dsa: DsaCodes | None


@dataclass(frozen=True, slots=True)
class Clock:
    """A legal duration: `at_least` to `at_most` units (equal when there is one figure), from `starts`, as `source` says."""

    regime: str
    starts: str
    duty: str
    at_least: int
    at_most: int
    unit: ClockUnit
    source: str
