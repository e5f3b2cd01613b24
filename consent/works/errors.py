"""What the works registry refuses: a stable code, and a sentence that names the field, the value and the remedy."""

from typing import ClassVar

from consent.errors import ConsentError


class WorksError(ConsentError):
    """Base of the refusals of the works registry."""

    code: ClassVar[str] = "works.error"


class UnnamedWork(WorksError):
    """A work was registered without a name to find it by."""

    code: ClassVar[str] = "works.unnamed"

    def __init__(self) -> None:
        super().__init__("names holds no name: give at least the work's primary name, as people write it")


class UnknownKind(WorksError):
    """A work was registered with a kind that is none."""

    code: ClassVar[str] = "works.unknown_kind"

    def __init__(self, kind: str) -> None:
        super().__init__(f"kind {kind!r} is not known: use character, film, tv, game, song, studio or brand")


class LicenceEndsBeforeItStarts(WorksError):
    """A licence was given an end that is not after its start."""

    code: ClassVar[str] = "works.licence_ends_before_it_starts"

    def __init__(self, from_ms: int, until_ms: int) -> None:
        super().__init__(f"until_ms {until_ms} is not after from_ms {from_ms}: give a later end, or none")


class UnknownRecord(WorksError):
    """There is no opt-out or licence with the id."""

    code: ClassVar[str] = "works.unknown_record"

    def __init__(self, row_id: str) -> None:
        super().__init__(
            f"id {row_id!r} names no opt-out and no licence: list what you filed, and use an id from there"
        )


class NotYours(WorksError):
    """Another account filed the opt-out or gave the licence."""

    code: ClassVar[str] = "works.not_yours"

    def __init__(self, row_id: str) -> None:
        super().__init__(f"id {row_id!r} was filed by another account: ask its rights-holder to end it")


class DescriptionInvalid(WorksError):
    """A line of the list of characters by their looks cannot be read."""

    code: ClassVar[str] = "works.description_invalid"

    def __init__(self, line: int, value: str, remedy: str) -> None:
        super().__init__(f"described.txt, line {line}: {value!r} is no description: {remedy}")
