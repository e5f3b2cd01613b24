"""Errors that a caller can act on: a stable code, a sentence, and the field, the value and the remedy.

The service raises these from its commands; the HTTP surface and the command line show the same words. Nothing here knows
of HTTP: `kind` says what went wrong, `api.problems` says which status that is.
"""

from enum import StrEnum
from typing import ClassVar

SHOWN_VALUE_LENGTH = 80


class Kind(StrEnum):
    """What sort of failure it is, for whoever must answer it."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    LEGAL = "legal"
    TOO_LARGE = "too_large"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class ServiceError(Exception):
    """A command failed and the caller can do something about it. Subclasses fix `code` and `kind`, and `for_operator` where the
    words name settings: over HTTP only the code is told then, and `/health` has the rest."""

    code: ClassVar[str] = "service.error"
    kind: ClassVar[Kind] = Kind.INVALID
    for_operator: ClassVar[bool] = False

    def __init__(self, sentence: str, *, field: str = "", value: object = "", remedy: str = "") -> None:
        self.sentence = sentence
        self.field = field
        self.value = shorten(value)
        self.remedy = remedy
        super().__init__(self.describe())

    def describe(self) -> str:
        """One line: field, sentence, value and remedy."""
        named = f"{self.field}: {self.sentence}" if self.field else self.sentence
        shown = f" (got {self.value})" if self.value else ""
        return f"{named}{shown}; {self.remedy}" if self.remedy else f"{named}{shown}"


class OperatorError(ServiceError):
    """What only whoever runs the service can mend: it does not work until then."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    for_operator: ClassVar[bool] = True


def shorten(value: object, limit: int = SHOWN_VALUE_LENGTH) -> str:
    """`value` as text of `limit` characters at most, so that an error never carries a whole prompt or file."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
