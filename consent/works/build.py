"""Makes the shipped list of works: `python -m consent.works.build [NAMES_CSV] [--dry-run] [--out FILE]`.

NAMES_CSV has the columns name, franchise, kind, alias, source; without it the rows that came from tables are taken from the
present list. `--dry-run` prints what would change, and writes nothing. The hand-written `works.txt` and `works_more.txt` win
where both name a work; what `public_domain.txt` or the table calls public domain is left out, and other works with such a name
need a cue. The same inputs give the same bytes.
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
from consent.naming.common import GIVEN, SURNAMES, WORDS, word_set
from consent.naming.fold import fold_words
from consent.naming.marks import read_alias
from consent.works.catalogue import COLUMNS, work_id_of

FOLDER: Final = Path(__file__).parent / "list"
HAND_WRITTEN: Final = ("works.txt", "works_more.txt")
_KINDS: Final = {"character": "character", "tv_title": "tv", "film_title": "film", "brand": "brand"}
_PUBLIC_DOMAIN: Final = "public_domain_control"
_LEGAL_FORM: Final = re.compile(
    r",?\s*(?:Inc\.?|Incorporated|Corporation|Corp\.?|Company|Companies|Co\.|L\.?P\.?|LLC|L\.L\.L\.P\.|Group|Holdings?|Stores|Cos\.|plc)$"
)
_ASIDE: Final = re.compile(r"\s*\([^)]*\)$")
_ENTRY: Final = re.compile(r"\s*;\s*")
_PLAIN_FRANCHISES: Final = frozenset({"Pokémon"})
"""Franchises whose single-word names are words of no language; a capital letter is context enough."""
_ALSO_WORDS: Final = word_set(
    "persian golem hypno haunter paras seel kabuto natu archen durant klang klink patrat ralts rotom sawk lombre stunky"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the shipped list; the first of `names` is the primary one, all with their marks."""

    names: tuple[str, ...]
    franchise: str
    kind: str
    holder: str = ""
    source: str = "hand-written"


def key_of(name: str) -> str:
    """The folded letters of a name, without its mark."""
    return "".join(fold_words(read_alias(name).text))


def read_hand_written(text: str) -> Iterator[Row]:
    """The rows of `works.txt`; its format is described at its head."""
    kind = franchise = holder = ""
    for line in text.splitlines():
        if line.startswith("["):
            kind, franchise, holder = (part.strip() for part in line.strip("[]").split("|"))
        elif line and not line.startswith("#"):
            for entry in filter(None, _ENTRY.split(line.strip())):
                yield Row(tuple(entry.split("=")), franchise, kind, "" if holder == "various" else holder)


def read_public_domain(text: str) -> frozenset[str]:
    """The keys of the names that are nobody's."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(key_of(name) for line in lines for name in filter(None, _ENTRY.split(line)))


def read_table(rows: Iterable[dict[str, str]], free: frozenset[str]) -> Iterator[Row]:
    """The usable rows of a names table, with the marks that their names need."""
    for row in rows:
        if row["kind"] == _PUBLIC_DOMAIN:
            continue
        name = _ASIDE.sub("", row["name"].replace("’", "'"))
        if row["kind"] == "brand":
            name = _bare(name)
        if row["kind"] in ("tv_title", "film_title") and _is_one_everyday_word(name):
            continue
        others = [alias for alias in row["alias"].split("|") if alias and not alias.isascii()]
        names = tuple(_marked(each, row["kind"], row["franchise"], free) for each in (name, *others))
        if key_of(name):
            yield Row(names, row["franchise"], _KINDS[row["kind"]], source=row["source"])


def _is_one_everyday_word(name: str) -> bool:
    words = fold_words(name)
    return len(words) == 1 and (words[0] in WORDS or words[0] in GIVEN or words[0] in SURNAMES)


def _bare(name: str) -> str:
    """A company's name as people say it: without the legal form."""
    while (shorter := _LEGAL_FORM.sub("", name)) != name and shorter:
        name = shorter
    return name.removeprefix("The ") if len(name.split()) > 2 else name


def _marked(name: str, kind: str, franchise: str, free: frozenset[str]) -> str:
    words = fold_words(name)
    if not name.isascii() and kind == "character" and not words[0].isascii():
        return name
    everyday = all(word in WORDS or word in GIVEN or word in SURNAMES for word in words)
    if len(words) == 1:
        plain = franchise in _PLAIN_FRANCHISES and len(words[0]) > 4 and words[0] not in _ALSO_WORDS
        return (
            f"~{name}"
            if (plain or kind == "brand") and not everyday and key_of(name) not in free
            else f"?{name}"
        )
    return f"?{name}" if everyday or key_of(name) in free else f"~{name}"


def merge(table: Iterable[Row], written: Iterable[Row]) -> list[Row]:
    """One row a work. A name that is listed already adds its aliases there, under the franchise that it has: a second
    hand-written row, or a table's row whose name is some work's alias."""
    rows: dict[tuple[str, str], Row] = {}
    owner: dict[str, tuple[str, str]] = {}
    for row in written:
        key = key_of(row.names[0])
        place = owner.get(key, (row.franchise, key))
        if place[1] != key:  # only an alias there: another work with a name of its own
            place = (row.franchise, key)
        rows[place] = _joined(rows[place], row) if place in rows else row
        for name in row.names:
            owner.setdefault(key_of(name), place)
    for row in table:
        key = key_of(row.names[0])
        place = owner.setdefault(key, (row.franchise, key))
        rows[place] = _joined(rows[place], row) if place in rows else row
    return [_settled(row) for row in rows.values()]


def _joined(first: Row, second: Row) -> Row:
    source = "|".join(dict.fromkeys((*first.source.split("|"), *second.source.split("|"))))
    return replace(first, names=(*first.names, *second.names), source=source)


def _settled(row: Row) -> Row:
    """The row with each name once, as it was first written, and with `?` on one of the form "The Word"."""
    names = {fold_words(read_alias(name).text): name for name in reversed(row.names)}
    ordered = dict.fromkeys(names[fold_words(read_alias(name).text)] for name in row.names)
    return replace(row, names=tuple(f"?{name}" if _is_bare_title(name) else name for name in ordered))


def _is_bare_title(name: str) -> bool:
    words = fold_words(name)
    return not read_alias(name).need and len(words) == 2 and words[0] == "the"


def write(rows: Iterable[Row], target: Path) -> int:
    """Writes the shipped file, characters first, so that they win where two works share a name. Returns the row count."""
    kinds = ("character", "film", "tv", "game", "song", "studio", "brand")
    ordered = sorted(rows, key=lambda row: (kinds.index(row.kind), row.franchise, row.names[0].strip("~?")))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_columns, ordered))
    return len(ordered)


def _columns(row: Row) -> tuple[str, ...]:
    work_id = work_id_of(row.franchise, read_alias(row.names[0]).text)
    names = (row.names[0], "|".join(row.names[1:]))
    return (work_id, *names, row.franchise, row.kind, row.holder, row.source)


def read_present(path: Path) -> Iterator[Row]:
    """The rows of a list built before that came from a table, with their marks; what only we wrote is left to the texts."""
    for _, name, aliases, franchise, kind, holder, source in rows_of(path, len(COLUMNS)).values():
        if source != "hand-written":
            tables = "|".join(part for part in source.split("|") if part != "hand-written")
            yield Row((name, *filter(None, aliases.split("|"))), franchise, kind, holder, tables)


def _table(names: Path | None, present: Path) -> list[Row]:
    if names is None:
        return list(read_present(present))
    free = read_public_domain((FOLDER / "public_domain.txt").read_text(encoding="utf-8"))
    with names.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    free |= {key_of(row["name"]) for row in table if row["kind"] == _PUBLIC_DOMAIN}
    return list(read_table(table, free))


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when the list was written."""
    parser = argparse.ArgumentParser(prog="python -m consent.works.build", description=__doc__)
    parser.add_argument("names", type=Path, nargs="?", help="table of names of works, CSV")
    parser.add_argument("--out", type=Path, default=FOLDER / "works.csv")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, write nothing")
    given = parser.parse_args(arguments)
    texts = ((FOLDER / name).read_text(encoding="utf-8") for name in HAND_WRITTEN)
    written = [row for text in texts for row in read_hand_written(text)]
    rows = merge(_table(given.names, given.out), written)
    if given.dry_run:
        after = {columns[0]: columns for columns in map(_columns, rows)}
        lines = changes(rows_of(given.out, len(COLUMNS)), after, COLUMNS)
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        sys.stdout.write(f"{write(rows, given.out)} works written to {given.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
