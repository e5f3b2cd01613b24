"""The jobs that one pool holds now, and the heartbeat that keeps their leases."""

import threading
from collections.abc import Mapping

import structlog

from moderation.bus import job_queue
from moderation.bus.jobs import Job, Lease
from moderation.store import Database

log = structlog.get_logger(__name__)


class Holdings:
    """Shared by the threads of a pool. `lease_ms` gives the length of a lease by job kind."""

    def __init__(self, database: Database, lease_ms: Mapping[str, int]) -> None:
        self._database = database
        self._lease_ms = lease_ms
        self._held: dict[str, tuple[Job, Lease]] = {}
        self._lock = threading.Lock()

    def hold(self, job: Job) -> Lease:
        """Keep `job` until `release`."""
        lease = Lease(lambda: self._renew(job), self._lease_ms[job.kind] / 1000)
        with self._lock:
            self._held[job.id] = (job, lease)
        return lease

    def release(self, job: Job) -> None:
        """Its outcome is written, or it is lost."""
        with self._lock:
            self._held.pop(job.id, None)

    def give_back(self, job: Job, lease: Lease, *, started: bool) -> None:
        """Let another worker take it at once."""
        lease.lose()
        with self._database.transaction() as session:
            job_queue.give_back(session, job, started=started)
        self.release(job)

    def give_back_all(self) -> None:
        """For a shutdown whose grace is over: whatever still runs will not count."""
        for job, lease in self._all():
            log.info("job_given_back", kind=job.kind, job=job.id)
            self.give_back(job, lease, started=True)

    def beat(self, ended: threading.Event) -> None:
        """Renew every lease three times in its length until `ended` is set."""
        while not ended.wait(min(self._lease_ms.values()) / 3000):
            for job, lease in self._all():
                try:
                    lease.renew()
                except Exception as error:  # it stays ours until it runs out; `lease.lost` watches the time
                    log.warning("lease_not_renewed", kind=job.kind, job=job.id, error=type(error).__name__)

    def _all(self) -> list[tuple[Job, Lease]]:
        with self._lock:
            return list(self._held.values())

    def _renew(self, job: Job) -> bool:
        with self._database.transaction() as session:
            return job_queue.renew(session, job, self._lease_ms[job.kind])
