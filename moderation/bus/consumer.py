"""The loop of one consumer: a batch of one partition, one transaction; retries, parking, back-pressure, draining.

The log delivers at least once. On every assignment this loop seeks to the *database's* position, and each batch moves that
position by compare-and-set together with its effects, so a duplicate or a zombie changes nothing.
"""

import threading
from collections.abc import Mapping, Sequence
from time import monotonic

import structlog

from moderation import traces
from moderation.bus import effects, job_queue, positions
from moderation.bus.backoff import Backoff
from moderation.bus.effects import Lane, Opened
from moderation.bus.faultpoints import reach
from moderation.bus.log import EventLog, Partition, Record
from moderation.bus.positions import StalePosition
from moderation.bus.subscription import Subscription
from moderation.bus.transient import is_transient
from moderation.messages import MessageError
from moderation.store import Database

log = structlog.get_logger(__name__)
BACKLOG_LOOK_S = 0.25
LAG_LOOK_S = 5.0


class ConsumerLoop:
    """One member of the subscription's group. Use from one thread.

    `batch` records at most per transaction; a record whose handling raises is tried `attempts` times, `backoff` apart,
    then parked.
    """

    def __init__(
        self,
        database: Database,
        event_log: EventLog,
        subscription: Subscription,
        *,
        batch: int = 1000,
        attempts: int = 5,
        backoff: Backoff | None = None,
        poll_s: float = 0.2,
    ) -> None:
        self._database, self._log, self._subscription = database, event_log, subscription
        self._batch, self._attempts, self._poll_s = batch, attempts, poll_s
        self._backoff = backoff or Backoff(first_ms=100, cap_ms=2_000)
        self._consumer = event_log.consumer(subscription.topics, subscription.group)
        self._lanes: dict[Partition, Lane] = {}
        self._next: dict[Partition, int] = {}
        self._stop = threading.Event()
        self._paused = False
        self._looked = 0.0
        self._fed = True  # whether records came since the last look at the backlog
        self._measured = 0.0
        self.lag: Mapping[str, int] = {}
        """Records not read yet, by topic, of the partitions this member holds; a few seconds old."""
        self.group = subscription.group
        self.name = f"consumer:{subscription.group}"

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop` is set, then leave the group."""
        self._stop = stop
        try:
            while not stop.is_set():
                try:
                    self.run_once(self._poll_s)
                except Exception as error:
                    log.warning("consumer_failed", group=self._subscription.group, error=type(error).__name__)
                    stop.wait(1.0)
        finally:
            self.close()

    def run_once(self, timeout_s: float = 0.2) -> int:
        """Poll once and process what came; how many records the position moved over."""
        self._take_up()
        self._throttle()
        self._measure()
        batches = self._consumer.poll(timeout_s, self._batch)
        if not batches:
            return 0
        self._fed = True
        reach("after_consume")
        done = sum(self._process(partition, records) for partition, records in batches.items())
        reach("before_acknowledge")
        self._consumer.report_position(
            {partition: self._next[partition] for partition in batches if partition in self._next}
        )
        return done

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    @property
    def paused(self) -> bool:
        """Whether back-pressure holds this consumer."""
        return self._paused

    def _take_up(self) -> None:
        for partition in self._consumer.newly_assigned():
            topic_id = self._log.topic_id(partition.topic)
            self._lanes[partition] = Lane(partition.topic, topic_id, partition.number)
            self._reposition(partition)

    def _reposition(self, partition: Partition) -> None:
        lane = self._lanes[partition]
        with self._database.transaction() as session:
            at = positions.position(session, self._subscription.group, lane.topic, lane.topic_id, lane.number)
        self._next[partition] = at
        self._consumer.seek(partition, at)

    def _throttle(self) -> None:
        limit = self._subscription.back_pressure
        if limit is None or monotonic() - self._looked < BACKLOG_LOOK_S or not (self._fed or self._paused):
            return
        self._looked, self._fed = monotonic(), False
        with self._database.read() as session:
            waiting = job_queue.backlog(session, limit.kinds)
        if not self._paused and waiting > limit.high:
            self._consumer.pause_all()
            self._paused = True
        elif self._paused and waiting < limit.low:
            self._consumer.resume_all()
            self._paused = False

    def _measure(self) -> None:
        if monotonic() - self._measured < LAG_LOOK_S:
            return
        self._measured = monotonic()
        behind: dict[str, int] = {}
        for partition, end in self._consumer.known_ends().items():
            behind[partition.topic] = behind.get(partition.topic, 0) + max(
                0, end - self._next.get(partition, 0)
            )
        self.lag = behind

    def _process(self, partition: Partition, records: Sequence[Record]) -> int:
        began = self._next[partition]
        batch = [effects.open_record(record) for record in records if record.offset >= began]
        if not batch:
            return 0
        try:
            self._commit(partition, batch)
        except StalePosition as error:
            log.info(
                "position_stale", group=self._subscription.group, topic=partition.topic, detail=str(error)
            )
            self._reposition(partition)
        except Exception as error:
            log.warning(
                "batch_failed", group=self._subscription.group, size=len(batch), error=type(error).__name__
            )
            self._one_by_one(partition, batch)
        return max(0, self._next[partition] - began)

    def _one_by_one(self, partition: Partition, batch: Sequence[Opened]) -> None:
        """One transaction per record, so that only the culprit waits and is parked."""
        for item in batch:
            if not self._settle(partition, item):
                self._reposition(partition)
                return

    def _settle(self, partition: Partition, item: Opened) -> bool:
        """Process or park one record; False when the position moved under us or a shutdown came first."""
        attempt = 0
        while not self._stop.is_set():
            try:
                self._commit(partition, [item])
                return True
            except StalePosition:
                return False
            except Exception as error:
                attempt += 0 if is_transient(error) else 1
                if attempt >= self._attempts or isinstance(error, MessageError):
                    return self._park(partition, item, error, attempt)
            self._stop.wait(self._backoff.delay_ms(max(1, attempt)) / 1000)
        return False

    def _park(self, partition: Partition, item: Opened, error: Exception, tries: int) -> bool:
        expected, lane = self._next[partition], self._lanes[partition]
        tell, tried = True, 0
        while not self._stop.is_set():
            try:
                with self._database.transaction() as session:
                    effects.park_one(
                        session, self._subscription, lane, item, error, expected, tries, tell=tell
                    )
            except StalePosition:
                return False
            except Exception as second:
                tried += 1
                tell = tell and (is_transient(second) or tried < self._attempts)
                log.error(
                    "parking_failed", group=self._subscription.group, error=type(second).__name__, tell=tell
                )
                self._stop.wait(self._backoff.delay_ms(tried) / 1000)
            else:
                log.error(
                    "record_parked",
                    group=self._subscription.group,
                    topic=partition.topic,
                    event_id=item.record.event_id,
                )
                self._next[partition] = item.record.offset + 1
                return True
        return False

    def _commit(self, partition: Partition, batch: Sequence[Opened]) -> None:
        expected = self._next[partition]
        about = [(item.message.key, item.trace) for item in batch if item.message is not None]
        with (
            traces.batch(f"consume {partition.topic}", about, group=self.group, messages=len(batch)),
            self._database.transaction() as session,
        ):
            effects.apply(session, self._subscription, self._lanes[partition], batch, expected)
            reach("before_commit")
        reach("after_commit")
        self._next[partition] = batch[-1].record.offset + 1
