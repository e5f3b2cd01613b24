"""Findings: the evidence that checks hand to the policy engine, and the report each check gives of itself.

Everything here is frozen and plain, so that a decision built from it is reproducible byte for byte. Scores are rounded
to four decimals on construction, before any policy sees them (DESIGN §5.5).
"""

from dataclasses import dataclass
from enum import StrEnum

from policies.taxonomy import Category

SCORE_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Characters `start` to `end` (half-open, code points of the original text) of the named input field."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FrameBox:
    """A box in a picture: `time_s` seconds into the asset (0 for a still), edges as fractions of the frame in [0, 1]."""

    asset: str
    time_s: float
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class AudioInterval:
    """Seconds `start_s` to `end_s` of the named asset's sound."""

    asset: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class WholeField:
    """The named input as a whole: an account, a likeness asked for, an asset's credentials."""

    field: str


Where = TextSpan | FrameBox | AudioInterval | WholeField


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence.

    `signal` is the stable code the policy document speaks about (`text.classifier`, `likeness.not_granted`, …);
    `score` in [0, 1] (1.0 for a fact); `matched` names what matched in words that may be shown to staff: a list entry, a
    handle, a label; never biometric data. `category` is
    None for a fact that is no content: the state of an account. `check` and `revision` say who found it.
    """

    category: Category | None
    signal: str
    score: float
    where: Where
    check: str
    revision: str
    matched: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(
                f"score must lie in [0, 1], got {self.score}: scale it in the check that found it"
            )
        object.__setattr__(self, "score", round(float(self.score), SCORE_DECIMALS))


class CheckStatus(StrEnum):
    """How a check ended. `uncovered`: the active profile has no model for the aspect; it has no effect on the verdict."""

    JUDGED = "judged"
    UNJUDGED = "unjudged"
    UNCOVERED = "uncovered"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What one check says of one subject: its status, its findings, and when it could not judge, a stable `cause`."""

    check: str
    tier: int
    status: CheckStatus
    revision: str
    findings: tuple[Finding, ...] = ()
    cause: str = ""
