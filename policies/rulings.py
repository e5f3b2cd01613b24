"""What the engine is told beside the findings, and what it answers: plain, frozen, without ids, times or durations."""

from dataclasses import dataclass

from policies.clauses import Circumstance
from policies.taxonomy import Category, Stage, Verdict


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """The circumstances of a judgement.

    `adult`: the account is known to be 18 or over. `feed`: the result is for the public feed. `real_person`: a real
    person's likeness is in the clip or asked for. `minor_present`: someone under 18 is shown.
    """

    stage: Stage
    adult: bool
    feed: bool
    real_person: bool
    minor_present: bool

    def circumstances(self) -> frozenset[str]:
        """The names a context rule may test. The publish stage is the feed, whoever calls it what."""
        named = {
            Circumstance.UNDER_18: not self.adult,
            Circumstance.FEED: self.feed or self.stage is Stage.PUBLISH,
            Circumstance.REAL_PERSON: self.real_person,
            Circumstance.MINOR_PRESENT: self.minor_present,
        }
        return frozenset(
            {f"stage.{self.stage.value}", *(name.value for name, holds in named.items() if holds)}
        )


@dataclass(frozen=True, slots=True)
class RuleFired:
    """One rule that applied.

    `rule_id`: `signal:category` for a scored signal, the signal for a fact, `absolute:CATEGORY`, `context:ID`,
    `combination:ID`, or `engine:…` for what the engine itself holds back. `finding` is the index into the flattened
    findings of the reports, None where no single finding is the cause. `threshold` is the score that was reached, None
    for a fact. `reason` is a key of the document's reasons. `subject` names the check or cause behind an `engine:` rule.
    """

    rule_id: str
    category: Category | None
    verdict: Verdict
    finding: int | None
    threshold: float | None
    reason: str
    absolute: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict of one policy revision on one set of reports.

    `category` names the verdict: of the rules that are as strict as the verdict, the category highest in POLICY.md's
    table; None when none of them is about content (an account's state, a check that could not judge) or for an allow.
    `rules` holds every rule that fired, in the order of the findings, then contexts, combinations and the engine's own.
    `unjudged`, `uncovered`, `skipped` are names of checks in the order of the reports.
    """

    verdict: Verdict
    category: Category | None
    policy: str
    rules: tuple[RuleFired, ...] = ()
    unjudged: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def absolute(self) -> bool:
        """Whether an absolute rule blocks: no person and no document can lift it."""
        return any(fired.absolute for fired in self.rules)

    @property
    def categories(self) -> tuple[Category, ...]:
        """Every category that applies, in the order of precedence."""
        named = {fired.category for fired in self.rules if fired.category is not None}
        return tuple(sorted(named, key=lambda category: category.precedence))

    @property
    def deciding(self) -> RuleFired | None:
        """The rule that names the verdict: as strict as it, of its category, first in order; None for an allow."""
        return next(
            (
                fired
                for fired in self.rules
                if (fired.verdict, fired.category) == (self.verdict, self.category)
            ),
            None,
        )
