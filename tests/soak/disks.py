"""Disks that are full for a while: that of the assets and the temporary files, and that of the database."""

import random
from time import sleep

from tests.soak.ground import Ground
from tests.soak.health import HealthWatch
from tests.soak.servers import keep_up

FULL_S = (6.0, 12.0)


class FullDisk:
    """Fills a disk, waits, frees it."""

    def __init__(self, ground: Ground, choose: random.Random, health: HealthWatch) -> None:
        self._ground, self._choose, self._health = ground, choose, health

    def strike(self, which: str) -> None:
        """`assets` or `database`."""
        disk = self._ground.disk if which == "assets" else self._ground.database_disk
        ends = self._ground.pace * self._choose.uniform(*FULL_S)
        for _ in range(4):  # what others give back meanwhile is taken, too
            disk.fill()
            if which == "assets":
                self._health.expect_red("object_store")
            sleep(ends / 4)
        disk.free()
        self._health.expect_green("object_store")
        keep_up(self._ground)
