"""The list of revisions: which one rules, which watch, and who brought each to where it stands."""

from dataclasses import dataclass

from starlette.responses import Response

from moderation.policy.floods import recent_floods
from moderation.policy.tables import PolicyFlood
from moderation.steering.standing import Standing, read_standings
from moderation.store import now_ms
from moderation.web.render import page
from moderation.web.visit import Visit
from policies.evaluation.intervals import Share


@dataclass(frozen=True, slots=True)
class Flood:
    """A rule that blocks many times its usual share: the two shares, and the row that says what was done."""

    row: PolicyFlood
    now: Share
    usual: Share

    @classmethod
    def of(cls, row: PolicyFlood) -> "Flood":
        """With its counts as shares."""
        return cls(row, Share(row.blocks, row.decisions), Share(row.usual_blocks, row.usual_decisions))


@dataclass(frozen=True, slots=True)
class PoliciesView:
    """The page's content. `guarded`: the flood guard is on."""

    standings: tuple[Standing, ...]
    floods: tuple[Flood, ...]
    guarded: bool
    at_ms: int


def show_policies(visit: Visit) -> Response:
    """The page, as it is now."""
    services = visit.desk.services
    with services.database.read() as session:
        at = now_ms(session)
        view = PoliciesView(
            standings=read_standings(session),
            floods=tuple(map(Flood.of, recent_floods(session, now_ms=at))),
            guarded=services.flood_guard,
            at_ms=at,
        )
    return page(visit, "policies.html", view=view)
