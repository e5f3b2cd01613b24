"""Works that a test registers, and a finder that looks for those only: the shipped list takes a moment to read."""

from functools import cached_property

from consent.works.catalogue import Catalogue
from consent.works.names import WorkMatcher
from moderation.gate.subjects import WorkUse
from moderation.generation.pinned_works import pin_works
from moderation.generation.rows import get_generation
from moderation.generation.works import WorksInText
from moderation.rights.commands import register
from moderation.store import Database, now_ms

HOLDER = "acct_holder"
ZORBLA = "Zorbla Quixworth"


class RegisteredOnly(WorksInText):
    """Lists nothing of its own."""

    @cached_property
    def matcher(self) -> WorkMatcher:
        """Of no works."""
        return WorkMatcher(Catalogue((), "none"))


def registered(database: Database, name: str = ZORBLA, kind: str = "character", franchise: str = "") -> str:
    """A registered work of the holder's; its id."""
    with database.transaction() as session:
        at = now_ms(session)
        return register(session, holder=HOLDER, names=[name], kind=kind, franchise=franchise, now_ms=at).id


def pinned(
    database: Database, generation_id: str, work_id: str, standing: str = "unlicensed", use: str = "style"
) -> None:
    """The generation was judged with the work standing so."""
    with database.transaction() as session:
        named = WorkUse(work_id, ZORBLA, use, 0, 5, standing)
        pin_works(session, get_generation(session, generation_id), [named])
