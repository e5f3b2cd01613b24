"""Protected works named in a text, with what the registry says of each for this account."""

from functools import cached_property

from sqlmodel import Session

from consent.works.catalogue import WorkKind, work_id_of
from consent.works.names import WorkMatcher, WorkMention
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
        return tuple(self._use(session, mention, account_id, now_ms) for mention in self.matcher.find(text))

    def _use(self, session: Session, mention: WorkMention, account_id: str, now_ms: int) -> WorkUse:
        belongs_to = [work_id_of(mention.franchise, mention.franchise)] if mention.franchise else []
        standing = standing_of(session, (mention.work_id, *belongs_to), account_id, now_ms).standing
        use = "style" if mention.kind is WorkKind.STUDIO else mention.use
        return WorkUse(mention.work_id, mention.name, use, mention.start, mention.end, standing.value)

    @property
    def revision(self) -> str:
        """The list's digest and the rules' version; `missing` while the list cannot be read."""
        try:
            return self.matcher.revision
        except Exception:
            return "missing"
