"""The list of protected works that ships: one row a work, read once, with a digest that is its revision.

Columns of `list/works.csv`: work_id, name, aliases (separated by `|`), franchise, kind, holder, source. The marks of the names
are those of the public figures: `~` needs a capital letter, a cue or to stand alone, `?` a cue. A work's id is the digest of
its franchise and name, so that a rights-holder's opt-out outlives every rebuild of the list.
"""

import csv
import functools
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from consent.naming.fold import fold_words
from consent.naming.marks import Alias, read_alias

COLUMNS = ("work_id", "name", "aliases", "franchise", "kind", "holder", "source")


class WorkKind(StrEnum):
    """What sort of work a name stands for."""

    CHARACTER = "character"
    FILM = "film"
    TV = "tv"
    GAME = "game"
    SONG = "song"
    STUDIO = "studio"
    BRAND = "brand"


@dataclass(frozen=True, slots=True)
class ListedWork:
    """One work and its names; the first name is the primary one. `franchise` is "" for a work that stands alone."""

    work_id: str
    names: tuple[Alias, ...]
    franchise: str
    kind: WorkKind
    holder: str

    @property
    def name(self) -> str:
        """The primary name."""
        return self.names[0].text


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Works to look for, and a digest of them all."""

    works: tuple[ListedWork, ...]
    digest: str


def work_id_of(franchise: str, name: str) -> str:
    """The stable id of a listed work: `work_` and 32 hex digits of the sha256 of its folded franchise and name."""
    folded = f"{' '.join(fold_words(franchise))}/{' '.join(fold_words(name))}"
    return f"work_{hashlib.sha256(folded.encode()).hexdigest()[:32]}"


def parse_catalogue(text: str) -> Catalogue:
    """The catalogue in a CSV text with the columns `COLUMNS`."""
    works = tuple(map(_work, csv.DictReader(io.StringIO(text))))
    return Catalogue(works, hashlib.sha256(text.encode()).hexdigest()[:12])


@functools.cache
def shipped_catalogue() -> Catalogue:
    """The list that ships with the project."""
    source = resources.files("consent.works") / "list" / "works.csv"
    return parse_catalogue(source.read_text(encoding="utf-8"))


def with_registered(catalogue: Catalogue, registered: Sequence[ListedWork]) -> Catalogue:
    """The catalogue with the works that rights-holders registered; one that has a listed work's id takes its place."""
    by_id = {work.work_id: work for work in (*catalogue.works, *registered)}
    parts = [catalogue.digest, *map(repr, registered)]
    return Catalogue(tuple(by_id.values()), hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12])


def read_names(marked: Iterable[str]) -> tuple[Alias, ...]:
    """Names with marks, as aliases; empty ones are left out."""
    return tuple(read_alias(name) for name in marked if name.strip("~? "))


def _work(row: dict[str, str]) -> ListedWork:
    names = read_names((row["name"], *row["aliases"].split("|")))
    return ListedWork(row["work_id"], names, row["franchise"], WorkKind(row["kind"]), row["holder"])
