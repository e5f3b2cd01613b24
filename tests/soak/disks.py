"""Disks that are full for a while: that of the assets and the temporary files, and that of the database."""

import random
from time import sleep

from moderation.observability.health import HealthReport
from tests.soak.ground import Ground
from tests.soak.servers import keep_up

FULL_S = (6.0, 12.0)


class FullDisk:
    """Fills a disk, waits, frees it."""

    def __init__(self, ground: Ground, choose: random.Random) -> None:
        self._ground, self._choose = ground, choose

    def strike(self, which: str) -> None:
        """`assets` or `database`."""
        disk = self._ground.disk if which == "assets" else self._ground.database_disk
        ends = self._ground.pace * self._choose.uniform(*FULL_S)
        for _ in range(4):  # what others give back meanwhile is taken, too
            disk.fill()
            sleep(ends / 4)
        disk.free()
        keep_up(self._ground)


def red_parts(report: HealthReport) -> set[str]:
    """The parts that `/health` shows as not working."""
    return {part.name for part in report.parts if not part.ok}
