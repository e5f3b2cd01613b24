"""What may stand in a proposal for somebody or something that a list names: invented, and of the same kind."""

from functools import cache

from consent.public_figures.roster import shipped_roster
from policies.findings import Finding

_CALLINGS = frozenset(
    {
        "politician", "actor", "actress", "singer", "soccer player", "footballer", "writer", "artist", "athlete", "musician",
        "scientist", "philosopher", "director", "chemist", "physicist", "composer", "film director", "painter", "mathematician",
        "physician", "biologist", "wrestler", "tennis player", "racecar driver", "economist", "coach", "president", "architect",
        "astronomer", "inventor", "journalist", "explorer", "basketball player", "diplomat", "author", "historian", "streamer",
    }
)  # fmt: skip
"""Words of the list's column `fields` that say what somebody does; the others say where they are from or what they won."""
_SOMEBODY = "an invented person"
_SHOWN = ("an invented character", "an invented story")
_SPOKEN_OF = ("an invented story", "an invented character")


def generic(finding: Finding) -> tuple[str, ...]:
    """Descriptions for what the finding names, best first; nothing where it names nothing."""
    if finding.signal.startswith("figure."):
        calling = _callings().get(finding.matched.rpartition(" (")[0] or finding.matched)
        return (f"an invented {calling}", _SOMEBODY) if calling else (_SOMEBODY,)
    if finding.signal in {"work.opted_out", "work.unlicensed"}:
        return _SHOWN
    return _SPOKEN_OF if finding.signal == "work.named" else ()


@cache
def _callings() -> dict[str, str]:
    """Name to calling, of the figures whose calling the list has."""
    found = ((one.name, sorted(one.fields & _CALLINGS)) for one in shipped_roster().figures)
    return {name: callings[0] for name, callings in found if callings}
