"""Canonical JSON (RFC 8785) and its hash: how a policy revision and a decision's body become comparable bytes."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TypeAlias

import rfc8785

Plain: TypeAlias = bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"] | None


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
        return bytes(rfc8785.dumps(value)).decode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as problem:
        raise NotCanonical(str(problem)) from problem


def revision_of(value: Plain) -> str:
    """`sha256:` and the first 12 hex digits of the hash of the canonical JSON."""
    return f"sha256:{sha256(canonical(value).encode()).hexdigest()[:12]}"
