"""The words of the content policy: categories in their order of precedence, verdicts, and the stages of judgement.

The order of `Category` is the order of the table in POLICY.md: of equally strict findings, the category that stands
higher names the verdict.
"""

from collections.abc import Iterable
from enum import StrEnum


class Category(StrEnum):
    """One row of the content policy, in its order of precedence."""

    MINORS = "minors"
    SEXUAL = "sexual"
    VIOLENCE = "violence"
    SELF_HARM = "self_harm"
    HATE = "hate"
    HARASSMENT = "harassment"
    ILLICIT = "illicit"
    DECEPTION = "deception"
    POLITICS = "politics"
    PUBLIC_FIGURE = "public_figure"
    PRIVATE_PERSON = "private_person"
    WORKS = "works"
    SHOCK = "shock"

    @property
    def precedence(self) -> int:
        """0 for the first row of the policy's table; a smaller number names the verdict."""
        return list(Category).index(self)


class Verdict(StrEnum):
    """What may happen next: `allow < review < block`."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0, 1, 2 in order of strictness."""
        return list(Verdict).index(self)


class Stage(StrEnum):
    """Where in the life of a generation a judgement is made."""

    REQUEST = "request"
    OUTPUT = "output"
    PUBLISH = "publish"


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """The strictest of the verdicts; `allow` when there are none."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.ALLOW)
