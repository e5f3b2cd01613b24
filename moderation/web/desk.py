"""What the pages stand on: the services of the HTTP surface, and the frames."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from moderation.api.services import Services
from moderation.web.frames import Frames

REMEMBERED = 10_000


class Looked:
    """Who has looked at what in this process, so that one look is one row of the audit log. Forgets the oldest."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._known: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, *what: str) -> bool:
        """Whether this is the first time."""
        with self._lock:
            if what in self._known:
                self._known.move_to_end(what)
                return False
            self._known[what] = None
            if len(self._known) > self._size:
                self._known.popitem(last=False)
            return True

    def forget(self, *what: str) -> None:
        """It did not come to a look after all."""
        with self._lock:
            self._known.pop(what, None)


@dataclass(frozen=True, slots=True)
class Desk:
    """`services` and `frames`; `looked` is this process's memory of looks."""

    services: Services
    frames: Frames
    looked: Looked = field(default_factory=Looked)

    @property
    def behind_https(self) -> bool:
        """Whether people reach us by https, so that cookies may be told to insist on it."""
        return self.services.public_url.startswith("https://")
