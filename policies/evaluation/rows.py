"""Labelled rows from files: what each text should get, as far as its label settles it.

Two shapes are read: JSONL (plain or .gz) with `id`, `text`, and `gold` (a verdict) or `expected` ("harmful", "benign", …);
and CSV with the same columns. A label that settles nothing ("depends", "policy", "unknown", an empty gold) is read as
unsettled: such rows are counted, and never as right or wrong.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from policies.taxonomy import Verdict


class Wanted(StrEnum):
    """What a row's label asks for. `refuse`: review or block, the label does not say which."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"
    REFUSE = "refuse"
    UNSETTLED = "unsettled"

    @property
    def refused(self) -> bool:
        """Whether an allow would be wrong."""
        return self in {Wanted.REVIEW, Wanted.BLOCK, Wanted.REFUSE}


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One text with its label. `category` as the file spells it; `firm`: the label is one that readers were sure of."""

    id: str
    text: str
    wanted: Wanted
    source: str = ""
    category: str = ""
    language: str = ""
    cluster: str = ""
    firm: bool = True


class RowUnreadable(ValueError):
    """A line of a labelled file has no id or text, or is no JSON object."""

    code = "evaluation.row_unreadable"

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(
            f"{path.name} line {line}: {problem}; each row needs `id`, `text`, and `gold` or `expected`"
        )


def read_rows(path: Path) -> Iterator[LabelledRow]:
    """The rows of a .jsonl, .jsonl.gz or .csv file, in order. Raises RowUnreadable naming the line."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            yield from _rows(path, enumerate(csv.DictReader(file), start=2))
        return
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("utf-8")
    numbered = ((n, _parsed(path, n, line)) for n, line in enumerate(text.split("\n"), 1) if line.strip())
    yield from _rows(path, numbered)


def _parsed(path: Path, line: int, text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RowUnreadable(path, line, f"not JSON ({error})") from error
    if not isinstance(value, dict):
        raise RowUnreadable(path, line, "not a JSON object")
    return value


def _rows(path: Path, numbered: Iterable[tuple[int, Mapping[str, object]]]) -> Iterator[LabelledRow]:
    for line, values in numbered:
        if not isinstance(values.get("id"), str) or not isinstance(values.get("text"), str):
            raise RowUnreadable(path, line, "`id` or `text` is missing or no string")
        yield row_of({key: str(value) for key, value in values.items() if value is not None})


def row_of(values: Mapping[str, str]) -> LabelledRow:
    """The row that the fields of one line describe; the source defaults to what stands before ":" in the id."""
    return LabelledRow(
        id=values["id"],
        text=values["text"],
        wanted=_wanted(values),
        source=values.get("source") or values["id"].split(":")[0],
        category=values.get("category", ""),
        language=values.get("lang", ""),
        cluster=values.get("cluster", ""),
        firm=values.get("firm", "1") not in {"0", "False", "false"},
    )


def _wanted(values: Mapping[str, str]) -> Wanted:
    gold = values.get("gold", "")
    if gold in set(Verdict):
        return Wanted(gold)
    return {"harmful": Wanted.REFUSE, "benign": Wanted.ALLOW}.get(
        values.get("expected", ""), Wanted.UNSETTLED
    )
