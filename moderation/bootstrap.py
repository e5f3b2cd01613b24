"""The one place that builds everything from settings. Tests swap parts here and nowhere else.

Each part is built when it is first asked for, so that a command that only reads the database loads no model; the parts stand
in `moderation.parts`, from the ground up.
"""

from collections.abc import Callable
from functools import cached_property

from moderation.observability.health import Health
from moderation.parts.making import MakingParts


class Application(MakingParts):
    """All parts of one process."""

    @cached_property
    def health(self) -> Health:
        """The parts that `/health` pings."""
        health = Health()
        self._opened.callback(health.close)
        pings: dict[str, Callable[[], object]] = {
            "database": self.database.ping,
            "event_log": self.event_log.ping,
            "object_store": self.assets.ping,
            "models": self.profile.ping,
            "policy": self.policy,
            "face_index": self.index.ping,
            "voice_index": self.voice_index.ping,
        }
        for name, ping in pings.items():
            health.register(name, ping)
        return health
