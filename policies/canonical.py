"""Canonical JSON (RFC 8785) and its hash: how a policy revision and a decision's body become comparable bytes.

The encoder is our own, because one is written for every decision: what is plain (strings, small numbers, lists, objects) it
writes in a third of the time of the package `rfc8785`, and leaves the rest to that package. A test holds the two together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, Final, TypeAlias

import rfc8785

Plain: TypeAlias = "bool | int | float | str | Sequence[Plain] | Mapping[str, Plain] | Encoded | None"

_LARGEST: Final = 2**53 - 1
_quoted: Final[Callable[[str], str]] = (
    encode_basestring  # escapes what RFC 8785 §3.2.2.2 escapes, the same way
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Canonical JSON of a part that was encoded before and comes again and again."""

    text: str


class NotCanonical(ValueError):
    """A value that has no canonical JSON: NaN or infinity, an integer beyond 2**53, an unpaired surrogate."""

    code = "record.not_canonical"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the record cannot be written as canonical JSON: {problem}. "
            "Numbers must be finite and below 2**53, text must be valid Unicode; fix the check that produced it."
        )


def canonical(value: Plain) -> str:
    """The one JSON text of the value: keys sorted, numbers in their shortest form. Raises `NotCanonical`."""
    try:
        text = _write(value)
        text.encode()  # an unpaired surrogate has no UTF-8
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as problem:
        raise NotCanonical(str(problem)) from problem
    return text


def encoded(value: Plain) -> Encoded:
    """The value as a part of values to come. Raises `NotCanonical`."""
    return Encoded(canonical(value))


def revision_of(value: Plain) -> str:
    """`sha256:` and the first 12 hex digits of the hash of the canonical JSON."""
    return f"sha256:{sha256(canonical(value).encode()).hexdigest()[:12]}"


def _write(value: Any) -> str:
    writer = _WRITERS.get(type(value))
    return writer(value) if writer is not None else _by_the_package(value)


def _object(value: dict[str, Any]) -> str:
    try:
        names = sorted(value) if all(map(str.isascii, value)) else sorted(value, key=_utf16)
    except (TypeError, AttributeError) as problem:
        raise rfc8785.CanonicalizationError("object keys must be strings") from problem
    return "{" + ",".join([f"{_quoted(name)}:{_write(value[name])}" for name in names]) + "}"


def _array(value: Sequence[Any]) -> str:
    return "[" + ",".join([_write(item) for item in value]) + "]"


def _integer(value: int) -> str:
    return str(value) if -_LARGEST <= value <= _LARGEST else _by_the_package(value)


def _number(value: float) -> str:
    """Python and ECMAScript write a float alike, but for whole ones and for exponents."""
    size = abs(value)
    if size < 1e16 and value == int(value):
        return str(int(value))
    return repr(value) if 1e-4 <= size < 1e16 else _by_the_package(value)


def _by_the_package(value: Any) -> str:
    """What is not plain: subclasses of plain types, numbers with exponents, what cannot be written. A container of ours inside a
    subclass of dict or list is written by the package as well, so `Encoded` must not stand there."""
    return bytes(rfc8785.dumps(value)).decode()


def _utf16(name: str) -> bytes:
    """RFC 8785 §3.2.3 sorts by UTF-16 code units, which differ from code points only beyond ASCII."""
    return name.encode("utf-16be")


_WRITERS: Final[Mapping[type, Callable[[Any], str]]] = {
    str: _quoted,
    dict: _object,
    list: _array,
    tuple: _array,
    int: _integer,
    float: _number,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    Encoded: lambda part: str(part.text),
}
