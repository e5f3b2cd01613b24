"""Rebalance storms: members join a group and leave it about once a second, more of them than there are partitions."""

import random
import threading
from time import monotonic

from moderation.bus.consumer import ConsumerLoop
from moderation.bus.subscription import Subscription
from moderation.subscriptions import generator_subscription, output_subscription, request_subscription
from tests.soak.ground import PARTITIONS, Ground

MEMBERS = PARTITIONS + 3
STORM_S = 12.0
GROUPS = {
    "requests": request_subscription,
    "approved": generator_subscription,
    "outputs": output_subscription,
}


class Storm:
    """The members are the service's own consumers, in threads of the test's process."""

    def __init__(self, ground: Ground, choose: random.Random) -> None:
        self._ground, self._choose = ground, choose
        self.joined = 0

    def strike(self, group: str) -> None:
        """A storm in one group."""
        ends = monotonic() + self._ground.pace * STORM_S
        lives = [self._choose.randrange(1 << 30) for _ in range(MEMBERS)]
        threads = [
            threading.Thread(target=self._come_and_go, args=(GROUPS[group](), ends, random.Random(seed)))
            for seed in lives
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _come_and_go(self, subscription: Subscription, ends: float, choose: random.Random) -> None:
        app = self._ground.deployment.app
        while monotonic() < ends:
            member = ConsumerLoop(app.database, app.event_log, subscription, poll_s=0.2)
            stop = threading.Event()
            timer = threading.Timer(choose.uniform(0.5, 3.0), stop.set)
            timer.start()
            member.run(stop)
            self.joined += 1
