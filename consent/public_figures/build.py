"""Makes the shipped list of public figures: `python -m consent.public_figures.build [PEOPLE_CSV] [--dry-run] [--out FILE]`.

PEOPLE_CSV has the columns name, aliases, status, birth_year, death_year, category, sources; without it the rows that came from
tables are taken from the present list. `--dry-run` prints what would change, and writes nothing. The hand-written lists beside
the shipped file (living, dead) correct it and add to it: they name what we know ourselves, and win where they differ. A status
that is only presumed is kept as living where a person is young enough that the hand-written deaths would have told, and is
unknown otherwise. The same inputs give the same bytes.
"""

import argparse
import csv
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from consent.naming.changes import changes, rows_of
from consent.naming.common import WORDS
from consent.naming.fold import fold_words
from consent.naming.marks import read_alias
from consent.public_figures.roster import COLUMNS
from consent.public_figures.spellings import is_shared

FOLDER: Final = Path(__file__).parent / "list"
HAND_WRITTEN: Final = ("living.txt", "living_more.txt", "dead.txt", "dead_more.txt")
PRESUMED_LIVING_FROM: Final = 1940
"""A listed person born since then, whose death nobody wrote down, is taken to live; one born before is unknown."""

_NO_PERSON: Final = frozenset(
    {"The Hills", "The Bachelorette", "Panbanisha", "Barney", "Tank Man", "D. B. Cooper"}
)
_GARBLED: Final = re.compile("[\ufffd\u0320-\u0333_?=|~;@<>\\d]")
_ENTRY: Final = re.compile(r"\s*;\s*|\s*\n\s*")
_NICKNAME: Final = re.compile(r"\s*[\"“(][^\"”)]*[\"”)]\s*")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the shipped list, before its marks are decided."""

    name: str
    aliases: tuple[str, ...]
    status: str
    born: str = ""
    died: str = ""
    fields: tuple[str, ...] = ()
    estate: str = ""
    source: str = "hand-written"
    as_of: str = ""


def key_of(name: str) -> str:
    """What two spellings of one name have in common: the folded letters, without marks."""
    return "".join(fold_words(read_alias(name).text))


def read_hand_written(text: str) -> Iterator[Row]:
    """The rows of a hand-written list; its format is described at its head."""
    fields: tuple[str, ...] = ()
    as_of = ""
    for line in text.splitlines():
        if line.startswith("@as_of "):
            as_of = line.removeprefix("@as_of ").strip()
        elif line.startswith("["):
            fields = tuple(filter(None, line.strip("[]").split("|")))
        elif not line.startswith("#"):
            for entry in filter(None, _ENTRY.split(line.strip())):
                names, at, died = entry.partition("@")
                if not at or died:
                    name, *aliases = names.split("=")
                    yield Row(name, tuple(aliases), "dead" if at else "living", "", died, fields, as_of=as_of)


def read_people(rows: Iterable[dict[str, str]]) -> Iterator[Row]:
    """The usable rows of a people table: garbled names and rows that are no person are left out."""
    for row in rows:
        name = row["name"]
        if _GARBLED.search(name.replace("50 Cent", "")) or name in _NO_PERSON or "family" in name:
            continue
        plain = " ".join(_NICKNAME.sub(" ", name).split())
        aliases = [alias for alias in row["aliases"].split("|") if len(fold_words(alias)) > 1]
        if plain != name and len(fold_words(plain)) > 1:
            aliases.insert(0, plain)
        sources = set(row["sources"].split("|"))
        died = row["death_year"]
        status = _status(row["status"], int(row["birth_year"] or 0), bool(died))
        fields = tuple(
            sorted(filter(None, row["category"].replace("us_congress_current", "politician").split("|")))
        )
        as_of = "2026" if "2026" in row["status"] else ""
        source = "|".join(sorted(sources))
        yield Row(
            name,
            tuple(aliases),
            status,
            row["birth_year"],
            died,
            fields,
            "",
            source,
            as_of,
        )


def read_present(path: Path) -> Iterator[Row]:
    """The rows of a list built before that came from a table, with their marks; what only we wrote is left to the texts."""
    for name, aliases, status, born, died, fields, estate, source, as_of in rows_of(
        path, len(COLUMNS)
    ).values():
        if source != "hand-written":
            tables = "|".join(part for part in source.split("|") if part != "hand-written")
            names = tuple(filter(None, aliases.split("|")))
            yield Row(
                name, names, status, born, died, tuple(filter(None, fields.split("|"))), estate, tables, as_of
            )


def _status(stated: str, born: int, died: bool) -> str:
    if died or stated.startswith("deceased"):
        return "dead"
    if stated.startswith("living"):
        return "living"
    return "living" if stated.startswith("presumed") and born >= PRESUMED_LIVING_FROM else "unknown"


def merge(people: Iterable[Row], written: Iterable[Row]) -> list[Row]:
    """One row a person: what is written by hand wins, and takes birth, fields and aliases from the table."""
    merged: dict[str, Row] = {}
    owner: dict[str, str] = {}
    for row in written:
        key = key_of(row.name)
        known = merged.get(key)
        merged[key] = _joined(known, row) if known else row
        for alias in (row.name, *row.aliases):
            owner.setdefault(key_of(alias), key)
    for row in people:
        key = owner.get(key_of(row.name)) or key_of(row.name)
        known = merged.get(key)
        merged[key] = _joined(known, row) if known else row
        owner.setdefault(key, key)
    return [_marked(row) for row in merged.values()]


def _joined(first: Row, second: Row) -> Row:
    """The first row, with what only the second knows."""
    names = {key_of(first.name): "", **{key_of(alias): alias for alias in first.aliases}}
    for alias in (second.name, *second.aliases):
        names.setdefault(key_of(alias), alias)
    known = first if first.died or not second.died or first.source == "hand-written" else second
    return replace(
        first,
        aliases=tuple(alias for alias in names.values() if alias),
        status=known.status,
        died=known.died,
        born=first.born or second.born,
        fields=tuple(dict.fromkeys((*first.fields, *second.fields))),
        source="|".join(dict.fromkeys((*first.source.split("|"), *second.source.split("|")))),
    )


def _marked(row: Row) -> Row:
    """The row with marks on the names that need context, where nobody marked them by hand."""
    listed = row.source != "hand-written" and "hand-written" not in row.source
    names = [mark(name, listed) for name in (row.name, *row.aliases)]
    return replace(row, name=names[0], aliases=tuple(names[1:]))


def mark(name: str, listed: bool) -> str:
    """A name with the mark it needs, where nobody gave it one by hand.

    `?` for a name off a table (`listed`) that is a single word, a very short one, a band's ("The …"), or one that thousands bear;
    `~` for a name made of everyday words.
    """
    alias = read_alias(name)
    words = fold_words(alias.text)
    if alias.need or not words or not words[0].isascii():
        return name
    if listed and (
        len(words) == 1
        or sum(map(len, words)) < 6
        or (len(words) == 2 and is_shared(words))
        or words[0] == "the"
    ):
        return f"?{name}"
    everyday = all(word in WORDS for word in words)
    return f"~{name}" if everyday else name


_ORDER: Final = {"living": 0, "unknown": 1, "dead": 2}


def write(rows: Iterable[Row], target: Path) -> int:
    """Writes the shipped file: the living first, so that they win where two people share a spelling. Returns the row count."""
    ordered = sorted(
        rows, key=lambda row: (_ORDER[row.status], row.source != "hand-written", row.name.strip("~?"))
    )
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows((COLUMNS, *map(_columns, ordered)))
    return len(ordered)


def _columns(row: Row) -> tuple[str, ...]:
    alive = (row.name, "|".join(row.aliases), row.status, row.born, row.died)
    return (*alive, "|".join(row.fields), row.estate, row.source, row.as_of)


def _people(table: Path | None, present: Path) -> list[Row]:
    if table is None:
        return list(read_present(present))
    with table.open(encoding="utf-8", newline="") as file:
        return list(read_people(csv.DictReader(file)))


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when the list was written."""
    parser = argparse.ArgumentParser(prog="python -m consent.public_figures.build", description=__doc__)
    parser.add_argument("people", type=Path, nargs="?", help="table of people, CSV")
    parser.add_argument("--out", type=Path, default=FOLDER / "figures.csv")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    given = parser.parse_args(arguments)
    written = [
        row for name in HAND_WRITTEN for row in read_hand_written((FOLDER / name).read_text(encoding="utf-8"))
    ]
    rows = merge(_people(given.people, given.out), written)
    if given.dry_run:
        after = {columns[0]: columns for columns in map(_columns, rows)}
        lines = changes(rows_of(given.out, len(COLUMNS)), after, COLUMNS)
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        sys.stdout.write(f"{write(rows, given.out)} figures written to {given.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
