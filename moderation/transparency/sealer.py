"""The loop that seals the audit log: one at a time by lease, within a second of each act."""

import threading

from moderation.bus.leases import NamedLease
from moderation.observability.logs import describe_failure, get_logger
from moderation.store import Database
from moderation.transparency.audit import BELL, seal_pending, sealed_head

LEASE = "audit-sealer"
RETRY_S = 1.0
_log = get_logger(__name__)


class Sealer:
    """Seals `batch` rows at a time. `poll_s`: how soon rows are noticed that another process wrote; `lease_s`: how long after
    this sealer's death another takes over; `problem` names the error that keeps it from sealing. Two that run at once (a
    frozen one wakes) still take turns by the head's row lock."""

    name = LEASE

    def __init__(
        self, database: Database, *, batch: int = 1000, poll_s: float = 0.5, lease_s: float = 10.0
    ) -> None:
        self._database, self._batch, self._poll_s = database, batch, poll_s
        self._lease = NamedLease(database, LEASE, ttl_s=lease_s)
        self.problem: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Seal until `stop` is set, then hand the lease on."""
        while not stop.is_set():
            rung = self._database.bells.count([BELL])
            try:
                sealed = self.run_once()
            except (
                Exception
            ) as error:  # the database may come back; what is unsealed is named by `audit verify` until then
                self.problem = type(error).__name__
                _log.warning("audit.seal_failed", **describe_failure(error))
                stop.wait(RETRY_S)
                continue
            self.problem = None
            if not sealed:
                self._database.bells.wait([BELL], rung, self._poll_s)
        self._lease.release()

    def run_once(self) -> int:
        """Seal one batch; how many rows. 0 when nothing waits or another sealer holds the lease. The head is logged: a copy of
        the log that lies elsewhere proves later that the chain was not rewritten as a whole."""
        if self._lease.held() is None:
            return 0
        with self._database.transaction() as session:
            sealed = seal_pending(session, limit=self._batch)
            seq, head = sealed_head(session)
        if sealed:
            _log.info("audit.sealed", rows=sealed, seq=seq, head=head)
        return sealed
