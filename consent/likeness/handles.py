"""Handles: how people name a likeness. Plain ASCII, so that no look-alike letter can pass for another person's handle."""

import re
from typing import ClassVar

from sqlmodel import Session, col, or_, select

from consent.errors import ConsentError
from consent.likeness.models import Likeness

_HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9_.]{0,30}[a-z0-9])")


class HandleInvalid(ConsentError):
    """The handle cannot be used."""

    code: ClassVar[str] = "likeness.handle_invalid"


def handle_key(handle: str) -> str:
    """The form in which handles are compared: without `@`, lower case. Raises `HandleInvalid`."""
    key = handle.strip().removeprefix("@").lower()
    if not _HANDLE.fullmatch(key):
        raise HandleInvalid(
            f"handle: {handle[:40]!r} cannot be used; take 2 to 32 of a-z, 0-9, dot and underscore, "
            "beginning and ending with a letter or digit"
        )
    return key


def find_likeness(session: Session, handle_or_id: str) -> Likeness | None:
    """The likeness with this id or handle (with or without `@`, any case), as the database has it now."""
    key = handle_or_id.strip().removeprefix("@").lower()
    statement = (
        select(Likeness)
        .where(or_(col(Likeness.id) == handle_or_id, col(Likeness.handle_key) == key))
        .execution_options(populate_existing=True)
    )
    return session.exec(statement).first()
