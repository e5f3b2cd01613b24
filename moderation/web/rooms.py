"""Which parts of the pages are for whom: who may sign in, where they land, and what the navigation shows them."""

from dataclasses import dataclass
from typing import Final

from moderation.accounts.keys import Principal
from moderation.accounts.models import Role

ANYBODY: Final = frozenset[Role]()
MODERATORS: Final = frozenset({Role.MODERATOR})
POLICY_STAFF: Final = frozenset({Role.POLICY})
STAFF: Final = MODERATORS | POLICY_STAFF
"""Whoever has something to do here."""
HOME: Final = "/review"


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the pages, and the roles of those who work in it."""

    name: str
    path: str
    roles: frozenset[Role]


ROOMS: Final = (
    Room("Queue", HOME, MODERATORS),
    Room("Policies", f"{HOME}/policies", POLICY_STAFF),
)


def rooms_of(who: Principal | None) -> tuple[Room, ...]:
    """What is open to them; nothing without a session."""
    return tuple(room for room in ROOMS if who is not None and who.may(*room.roles))


def home_of(who: Principal | None) -> str:
    """Where they begin: the first room that is open to them, else the queue, which says what is missing."""
    return next((room.path for room in rooms_of(who)), HOME)
