"""Protected works named in a text, with what the registry says of each for this account."""

from functools import cached_property

from sqlmodel import Session

from consent.works.names import WorkMatcher
from consent.works.rights import standing_of
from moderation.gate.subjects import WorkUse


class WorksInText:
    """Finds works by name and asks the registry. Safe to share between threads; the matcher is built at first use."""

    @cached_property
    def matcher(self) -> WorkMatcher:
        """The names."""
        return WorkMatcher()

    def find(self, session: Session, text: str, account_id: str, *, now_ms: int) -> tuple[WorkUse, ...]:
        """One use for each mention, in the order of the text."""
        return tuple(
            WorkUse(
                work_id=mention.work_id,
                name=mention.name,
                kind=mention.kind,
                start=mention.start,
                end=mention.end,
                standing=standing_of(session, mention.work_id, account_id, now_ms).standing,
            )
            for mention in self.matcher.find(text)
        )

    @property
    def revision(self) -> str:
        """The list's digest and the rules' version; `missing` while the list cannot be read."""
        try:
            return self.matcher.revision
        except Exception:
            return "missing"
