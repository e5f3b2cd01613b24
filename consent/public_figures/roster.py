"""The list of public figures that ships: one row a person, read once, with a digest that is its revision.

Columns of `list/figures.csv`: name; aliases, separated by `|`; status (`living`, `dead`, `unknown`); born and died (a year or
an ISO date, empty when not known); fields of work; estate; source; as_of, the year a status was last true to our knowledge.
A name or alias may carry a mark that says how much context it needs: `~` a capital letter or a cue, `?` a cue.
"""

import csv
import functools
import hashlib
import io
from dataclasses import dataclass
from importlib import resources

from consent.naming.marks import Alias, read_alias

COLUMNS = ("name", "aliases", "status", "born", "died", "fields", "estate", "source", "as_of")


@dataclass(frozen=True, slots=True)
class Figure:
    """One public figure. `status` is what we know, `died` the year or date in ISO form, "" when unknown or living."""

    name: str
    aliases: tuple[Alias, ...]
    status: str
    born: int | None
    died: str
    fields: frozenset[str]
    estate: str


@dataclass(frozen=True, slots=True)
class Roster:
    """All figures, and the first twelve hex digits of the sha256 of the file they came from."""

    figures: tuple[Figure, ...]
    digest: str


def parse_roster(text: str) -> Roster:
    """The roster in a CSV text with the columns `COLUMNS`."""
    rows = csv.DictReader(io.StringIO(text))
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Roster(tuple(map(_figure, rows)), digest)


@functools.cache
def shipped_roster() -> Roster:
    """The list that ships with the project."""
    source = resources.files("consent.public_figures") / "list" / "figures.csv"
    return parse_roster(source.read_text(encoding="utf-8"))


def _figure(row: dict[str, str]) -> Figure:
    name = read_alias(row["name"])
    others = tuple(read_alias(alias) for alias in row["aliases"].split("|") if alias)
    return Figure(
        name=name.text,
        aliases=(name, *others),
        status=row["status"],
        born=int(row["born"]) if row["born"] else None,
        died=row["died"],
        fields=frozenset(filter(None, row["fields"].split("|"))),
        estate=row["estate"],
    )
