"""Which cases the queue shows: read from the address, written back into it, and turned into a query."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qsl, urlencode

from moderation.review.case_state import CaseStatus
from moderation.review.queue import CaseQuery
from policies.taxonomy import Category, Stage

WAITING, FREE, CLAIMED, MINE, DECIDED = "waiting", "free", "claimed", "mine", "decided"
STATES: Mapping[str, str] = {
    WAITING: "Waiting",
    FREE: "Free",
    CLAIMED: "Claimed",
    MINE: "Mine",
    DECIDED: "Decided",
}
NO_CONTENT = "none"
"""Stands for the empty category: the account, or a check that could not judge."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`state` is one of `STATES`; `stage` and `category` are empty for any; `after` is the last case of the page before."""

    state: str = WAITING
    stage: str = ""
    category: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """From the address; what is no filter is ignored, for an address is easily mistyped."""
        state, stage, category = (query.get(name, "") for name in ("state", "stage", "category"))
        return cls(
            state=state if state in STATES else WAITING,
            stage=stage if stage in set(Stage) else "",
            category=category if category in {*Category, NO_CONTENT} else "",
            after=query.get("after", "")[:64],
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """From what `written` gave."""
        return cls.of(dict(parse_qsl(text)))

    @property
    def written(self) -> str:
        """As the query of an address, without what is as usual."""
        usual = Filter()
        fields = {name: getattr(self, name) for name in ("state", "stage", "category", "after")}
        return urlencode({name: value for name, value in fields.items() if value != getattr(usual, name)})

    @property
    def newest_first(self) -> bool:
        """Decided cases are looked up, the others are worked off."""
        return self.state == DECIDED

    def but(self, **changes: str) -> Self:
        """The same on its first page, but for these fields."""
        return replace(self, **{"after": "", **changes})

    def query(self, moderator: str, now_ms: int) -> CaseQuery:
        """As the queue is asked."""
        content = "" if self.category == NO_CONTENT else self.category
        query = CaseQuery(stage=self.stage or None, category=content if self.category else None)
        match self.state:
            case "free":
                return replace(query, available_at_ms=now_ms)
            case "claimed":
                return replace(query, state=CaseStatus.CLAIMED)
            case "mine":
                return replace(query, state=CaseStatus.CLAIMED, claimed_by=moderator)
            case "decided":
                return replace(query, state=CaseStatus.DECIDED)
        return replace(query, undecided=True)
