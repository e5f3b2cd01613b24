"""Reading labelled rows from files: JSONL or CSV, plain or gzipped.

Each row needs `text`, and `gold` (a verdict) or `expected` ("harmful", "benign", …). A label that is neither is an error and not
an unsettled row: a misspelt label that counts for nothing would make the figures better or worse without a word.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from policies.evaluation.rows import LabelledRow, Wanted
from policies.taxonomy import Verdict

EXPECTED: Mapping[str, Wanted] = {
    "harmful": Wanted.REFUSE,
    "benign": Wanted.ALLOW,
    "policy": Wanted.UNSETTLED,
    "depends": Wanted.UNSETTLED,
    "unknown": Wanted.UNSETTLED,
    "text_safe_majority": Wanted.UNSETTLED,
    "text_unsafe_majority": Wanted.UNSETTLED,
    "": Wanted.UNSETTLED,
}
"""What a row's `expected` asks for. The last four name no verdict: consent, licence, or a vote on the text alone."""
NO_ATTACK = frozenset({"none", "text_attack_none"})
SUFFIXES = (".jsonl", ".ndjson", ".csv")
SHOWN = 60


class RowUnreadable(ValueError):
    """A labelled file cannot be read, or a line of it is no labelled row. The sentence names file, line, field and remedy."""

    code = "evaluation.row_unreadable"

    def __init__(self, path: Path, line: int | None, problem: str, remedy: str, *, field: str = "") -> None:
        place = path.name if line is None else f"{path.name} line {line}"
        named = f"{place}: `{field}`: {problem}" if field else f"{place}: {problem}"
        self.line, self.field, self.remedy = line, field, remedy
        super().__init__(f"{named}; {remedy}")


def read_rows(path: Path) -> Iterator[LabelledRow]:
    """The rows of a .jsonl or .csv file, either with .gz behind it, in order. Unknown fields are ignored.

    `id` defaults to the file's name and the line, `source` to what stands before ":" in the id. Raises RowUnreadable.
    """
    kind = Path(path.name.removesuffix(".gz")).suffix.lower()
    if kind not in SUFFIXES:
        named = f"its name ends in {path.suffix!r}"
        raise RowUnreadable(path, None, named, f"give {', '.join(SUFFIXES)}, with or without .gz behind it")
    text = _decoded(path)
    numbered = _csv_lines(path, text) if kind == ".csv" else _json_lines(path, text)
    for line, values in numbered:
        yield _row(path, line, values)


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RowUnreadable(
            path, None, f"byte {error.start} is not UTF-8", "save the file as UTF-8"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise RowUnreadable(
            path, None, f"it cannot be read ({error})", "give a whole file that you may read"
        ) from error


def _csv_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for values in reader:
            yield reader.line_num, {name: value for name, value in values.items() if name}
    except csv.Error as error:
        raise RowUnreadable(
            path, reader.line_num, f"no CSV ({error})", "quote fields that hold commas or quotes"
        ) from error


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _object(path, number, line)


def _object(path: Path, line: int, text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowUnreadable(path, line, f"not JSON ({error})", "write one JSON object per line") from error
    if not isinstance(value, dict):
        raise RowUnreadable(path, line, "not a JSON object", "write one JSON object per line")
    return value


def _row(path: Path, line: int, values: Mapping[str, object]) -> LabelledRow:
    if not isinstance(values.get("text"), str) or not str(values["text"]).strip():
        raise RowUnreadable(
            path, line, "missing, empty or no string", "give the prompt to judge", field="text"
        )
    if any("\ud800" <= char <= "\udfff" for char in str(values["text"])):
        told = "it holds half a character (a lone surrogate)"
        raise RowUnreadable(path, line, told, "write the whole character", field="text")
    fields = {
        name: _plain(path, line, name, values[name]) for name in _FIELDS if values.get(name) is not None
    }
    wanted = _wanted(path, line, fields)
    name = fields.get("id") or f"{path.name}:{line}"
    return row_of({**fields, "id": name}, wanted, origin=path.name)


_FIELDS = ("id", "text", "gold", "expected", "source", "category", "lang", "cluster", "firm", "attack")


def _plain(path: Path, line: int, field: str, value: object) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    if not isinstance(value, str | int):
        raise RowUnreadable(path, line, f"got {_shown(value)}", "give a string or a number", field=field)
    return str(value)


def _wanted(path: Path, line: int, values: Mapping[str, str]) -> Wanted:
    if "gold" not in values and "expected" not in values:
        remedy = "give `gold` (allow, review, block or nothing) or `expected` (harmful, benign, …)"
        raise RowUnreadable(path, line, "it has no label", remedy)
    gold = values.get("gold", "")
    if gold in set(Verdict):
        return Wanted(gold)
    if gold:
        raise RowUnreadable(
            path, line, f"got {_shown(gold)}", "give allow, review, block, or leave it empty", field="gold"
        )
    expected = values.get("expected", "")
    if expected not in EXPECTED:
        known = ", ".join(filter(None, EXPECTED))
        raise RowUnreadable(path, line, f"got {_shown(expected)}", f"give one of {known}", field="expected")
    return EXPECTED[expected]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def row_of(values: Mapping[str, str], wanted: Wanted, *, origin: str = "") -> LabelledRow:
    """The row that the fields of one line describe."""
    attack = values.get("attack", "")
    return LabelledRow(
        id=values["id"],
        text=values["text"],
        wanted=wanted,
        source=values.get("source") or values["id"].split(":")[0],
        category=values.get("category", ""),
        language=values.get("lang", ""),
        cluster=values.get("cluster", ""),
        firm=values.get("firm", "1") not in {"0", "False", "false"},
        attack="" if attack in NO_ATTACK else attack,
        origin=origin,
    )


def read_all(paths: Iterable[Path]) -> list[LabelledRow]:
    """The rows of all files, in order."""
    return [row for path in paths for row in read_rows(path)]
