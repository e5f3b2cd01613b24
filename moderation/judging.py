"""Reading items to be judged from JSONL: bad lines are reported as lines, and the rest goes on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from moderation.errors import Kind, ServiceError
from moderation.gate.judge import As, Item
from moderation.gate.subjects import AccountFacts
from moderation.messages import refuse_duplicates

MEDIA_FIELDS = ("media", "path", "file")


class ItemInvalid(ServiceError):
    """A line that is no item. Its place names file and line."""

    code = "judge.invalid_item"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: an item, or why it is none. `id` is the item's, or `line-N`."""

    id: str
    item: Item | None
    problem: ItemInvalid | None = None


def read_items(path: Path) -> Iterator[Line]:
    """The items of a JSONL file, or the one item that a media file is. Unknown fields are ignored; empty lines skipped.

    An item has `id` (default `line-N`), and `text` or one of `media`, `path`, `file`; optional: `as` (`request`, `reference`,
    `output`), `under_18`, `feed`. Relative media paths start at the JSONL file.
    """
    if path.suffix.lower() not in {".jsonl", ".json", ".ndjson", ".txt", ""}:
        yield Line(path.name, Item(path.name, media=path, treat_as="output"))
        return
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if raw.strip():
                yield _line(raw, number, path)


def _line(raw: bytes, number: int, path: Path) -> Line:
    name = f"line-{number}"
    try:
        body = _object(raw.rstrip(b"\r\n"), path, number)
        name = _id(body, name, path, number)
        return Line(name, _item(body, name, path, number))
    except ItemInvalid as error:
        return Line(name, None, error)


def _object(raw: bytes, path: Path, number: int) -> Mapping[str, Any]:
    try:
        body = json.loads(raw.decode("utf-8"), object_pairs_hook=refuse_duplicates)
    except UnicodeDecodeError as error:
        raise _invalid(path, number, f"byte {error.start}", "the line is not valid UTF-8") from error
    except json.JSONDecodeError as error:
        raise _invalid(path, number, error.msg, f"no JSON at column {error.colno}") from error
    except RecursionError as error:
        raise _invalid(path, number, _beginning(raw), "the line is nested too deeply") from error
    except ValueError as error:  # a field given twice, or digits beyond Python's limit for integers
        raise _invalid(path, number, _beginning(raw), str(error)) from error
    if not isinstance(body, dict):
        raise _invalid(path, number, body, "a line must be one JSON object")
    return body


def _beginning(raw: bytes) -> str:
    return raw[:40].decode("utf-8", "replace")


def _id(body: Mapping[str, Any], default: str, path: Path, number: int) -> str:
    given = body.get("id", default)
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _invalid(path, number, given, "`id` must be a string or a number")
    return _text(str(given), "id", path, number)


def _text(given: str, field: str, path: Path, number: int) -> str:
    """`given`, if it can be written down: JSON may spell half a character."""
    if any("\ud800" <= char <= "\udfff" for char in given):
        raise _invalid(path, number, ascii(given), f"`{field}` holds half a character (a lone surrogate)")
    return given


def _item(body: Mapping[str, Any], name: str, path: Path, number: int) -> Item:
    text = body.get("text", "")
    if not isinstance(text, str):
        raise _invalid(path, number, text, "`text` must be a string")
    _text(text, "text", path, number)
    media = next((body[field] for field in MEDIA_FIELDS if body.get(field)), None)
    if media is not None and not isinstance(media, str):
        raise _invalid(path, number, media, "the path of the media file must be a string")
    if media is not None:
        _text(media, "media", path, number)
    if media is None and not text.strip():
        raise _invalid(path, number, text, "give a prompt in `text`, or a file in `media`")
    treat_as = body.get("as", "output" if media else "request")
    if treat_as not in get_args(As):
        raise _invalid(path, number, treat_as, "`as` is request, reference or output")
    return Item(
        name,
        text=text,
        media=None if media is None else (path.parent / media),
        treat_as=treat_as,
        account=AccountFacts("anonymous", under_18=_flag(body, "under_18", path, number)),
        feed=_flag(body, "feed", path, number),
    )


def _flag(body: Mapping[str, Any], field: str, path: Path, number: int) -> bool:
    """Both flags make rules stricter: one that cannot be read must not count as absent."""
    given = body.get(field, False)
    if not isinstance(given, bool):
        raise _invalid(path, number, given, f"`{field}` must be true or false")
    return given


def _invalid(path: Path, number: int, value: object, sentence: str) -> ItemInvalid:
    return ItemInvalid(
        sentence,
        field=f"{path.name}:{number}",
        value=value,
        remedy="correct the line; the others were judged",
    )
