"""What a new list would change: added, removed and changed rows, for a person to read before it is written."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

Rows = Mapping[str, tuple[str, ...]]
"""A list's rows by their key; each row all its columns, in order."""


def rows_of(path: Path, columns: int, key: int = 0) -> dict[str, tuple[str, ...]]:
    """The rows of a CSV list without its header, by the column `key`; none where there is no file yet.

    Raises `ValueError` naming the line where a row has not `columns` columns.
    """
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    for number, row in enumerate(rows, start=2):
        if len(row) != columns:
            raise ValueError(f"{path.name}, line {number}: {len(row)} columns, not {columns}; build it again")
    return {row[key]: tuple(row) for row in rows}


def changes(before: Rows, after: Rows, columns: tuple[str, ...]) -> Iterator[str]:
    """One line a difference (`+` added, `-` removed, `~` changed, with the columns), and a line that counts them."""
    added, removed = after.keys() - before.keys(), before.keys() - after.keys()
    changed = [key for key in after.keys() & before.keys() if after[key] != before[key]]
    yield from (f"+ {_shown(after[key])}" for key in sorted(added))
    yield from (f"- {_shown(before[key])}" for key in sorted(removed))
    for key in sorted(changed):
        pairs = zip(columns, before[key], after[key], strict=True)
        yield f"~ {key}: " + "; ".join(
            f"{name}: {was!r} -> {now!r}" for name, was, now in pairs if was != now
        )
    yield f"{len(added)} added, {len(removed)} removed, {len(changed)} changed, {len(after)} in all"


def _shown(row: tuple[str, ...]) -> str:
    return " | ".join(filter(None, row))
