"""The workers by name: what each one runs. `safeconduct up` runs them all in one process, `safeconduct worker NAME` one.

Any number of each may run side by side: consumers share partitions, jobs are claimed by lease, the relay and the sealer take
turns by a named lease.
"""

from collections.abc import Callable, Sequence

from moderation.api.idempotency import forget_keys
from moderation.bootstrap import Application
from moderation.bus.consumer import ConsumerLoop
from moderation.bus.job_pool import JobPool
from moderation.bus.jobs import JobHandler
from moderation.bus.relay import Relay
from moderation.bus.subscription import Subscription
from moderation.bus.upkeep import BATCH, in_batches, tidy_bus
from moderation.bus.worker import Loop, Periodic
from moderation.generation.generate import GenerateJob
from moderation.generation.generators.port import Pingable
from moderation.generation.jobs import OutputGateJob, RequestGateJob
from moderation.generation.request_stage import RequestStage
from moderation.likenesses.deferred import DeferredEraseJob
from moderation.likenesses.forget import ForgetJob
from moderation.observability.tally import tally_subscription
from moderation.policy.tally import rules_subscription
from moderation.release.jobs import ReleaseJob, WithdrawJob
from moderation.release.upkeep import (
    ObjectSweep,
    Promoter,
    collect_staging,
    tidy_cache,
    tidy_copies,
)
from moderation.settings import Settings
from moderation.steering.flood import FloodGuard, FloodWatch
from moderation.steering.upkeep import tidy_policies
from moderation.subscriptions import (
    generator_subscription,
    output_subscription,
    registry_subscription,
    request_subscription,
)
from moderation.transparency.sealer import Sealer
from moderation.web.frames import FOLDER, Frames
from policies.lifecycle.floods import FloodRule

INDEX_EVERY_S = 0.4
PROMOTE_EVERY_S = 1.0
COLLECT_EVERY_S = 3600.0
GUARD_EVERY_S = 5.0
COPIES_EVERY_S = 60.0
GATE_BATCH = 256
"""Requests judged in one transaction at most, when they are judged that fast."""
IDLE_POLL_S = 0.5
"""How soon an idle worker notices what another process left for it; work of its own process wakes it at once."""
RELAY_LEASE_S = 10.0
"""At most this long no event leaves after the relay died."""


def request_gate(app: Application) -> list[Loop]:
    """Judges requests."""
    stage = RequestStage(app.gate, app.limits.quota)
    return [
        _consumer(app, request_subscription()),
        _pool(app, RequestGateJob(app.judging, stage, lease_s=app.settings.lease_s), batch=GATE_BATCH),
        _index(app),
    ]


def output_gate(app: Application) -> list[Loop]:
    """Judges finished clips."""
    job = OutputGateJob(app.judging, lease_s=app.settings.lease_s)
    return [_consumer(app, output_subscription()), _pool(app, job), _index(app)]


def generator(app: Application) -> list[Loop]:
    """Calls the generator, one brief at a time: it has one GPU."""
    settings = app.settings
    if isinstance(app.generator, Pingable):
        app.health.register("generator", app.generator.ping)
    job = GenerateJob(
        app.database,
        app.assets,
        app.generator,
        settings.generator_timeout_s,
        lease_s=settings.lease_s,
        observer=app.metrics,
    )
    return [_consumer(app, generator_subscription()), _pool(app, job, threads=1)]


def release(app: Application) -> list[Loop]:
    """Stamps, proves and releases."""
    promote = Periodic("promote", PROMOTE_EVERY_S, Promoter(app.database, app.assets).promote)
    job = ReleaseJob(app.preparation, app.gate, lease_s=app.settings.lease_s)
    return [_pool(app, job), promote]


def sweeper(app: Application) -> list[Loop]:
    """Sweeps withdrawals, deletes erased portraits and abandoned files, watches the registry's changes, seals the audit log."""
    return [
        _pool(app, WithdrawJob(app.database, lease_s=app.settings.lease_s), threads=1),
        _pool(app, ForgetJob(app.database, app.assets, lease_s=app.settings.lease_s), threads=1),
        _pool(app, DeferredEraseJob(lease_s=app.settings.lease_s), threads=1),
        _consumer(app, registry_subscription()),
        _consumer(app, tally_subscription()),
        _consumer(app, rules_subscription()),
        Periodic("flood_guard", GUARD_EVERY_S, FloodGuard(app.database, flood_watch(app.settings)).run_once),
        Sealer(app.database),
        Periodic("collect", COLLECT_EVERY_S, lambda: collect_staging(app.database, app.assets)),
        Periodic("sweep_objects", COLLECT_EVERY_S, ObjectSweep(app.database, app.assets).run),
        Periodic("tidy", COLLECT_EVERY_S, lambda: tidy(app)),
    ]


def tidy(app: Application) -> int:
    """Delete what is only kept for a while; how many rows."""
    kept_ms = int(app.settings.event_retention_days * 24 * 3600 * 1000)
    forgotten = in_batches(app.database, lambda session: forget_keys(session, limit=BATCH), BATCH)
    forgotten += tidy_policies(app.database, flood_watch(app.settings), kept_ms=kept_ms)
    return forgotten + tidy_bus(app.database, kept_ms=kept_ms)


def flood_watch(settings: Settings) -> FloodWatch:
    """What the flood guard looks for."""
    return FloodWatch(
        FloodRule(settings.policy_flood_factor, settings.policy_flood_min_decisions),
        window_ms=int(settings.policy_flood_window_s * 1000),
        usual_ms=int(settings.policy_flood_usual_s * 1000),
    )


def relay(app: Application) -> list[Loop]:
    """Carries the outbox to the log."""
    return [Relay(app.database, app.event_log, lease_s=min(RELAY_LEASE_S, app.settings.lease_s))]


WORKERS: dict[str, Callable[[Application], list[Loop]]] = {
    "request-gate": request_gate,
    "generator": generator,
    "output-gate": output_gate,
    "release": release,
    "sweeper": sweeper,
    "relay": relay,
}


def loops_of(app: Application, names: Sequence[str]) -> list[Loop]:
    """All loops of the named workers."""
    return [loop for name in names for loop in WORKERS[name](app)]


def _pool(app: Application, handler: JobHandler, *, threads: int | None = None, batch: int = 1) -> JobPool:
    count = threads or app.settings.worker_threads
    return JobPool(app.database, [handler], threads=count, batch=batch, poll_s=IDLE_POLL_S)


def _consumer(app: Application, subscription: Subscription) -> ConsumerLoop:
    return ConsumerLoop(app.database, app.event_log, subscription, poll_s=IDLE_POLL_S)


def copies(app: Application) -> list[Loop]:
    """Deletes this machine's copies of files that were erased or withdrawn: frames that moderators looked at, and, where the
    store is a remote one, the files."""
    frames = Frames(app.settings.home / FOLDER, app.assets.path)

    def tidy_both() -> int:
        return tidy_copies(app.database, frames) + tidy_cache(app.database, app.assets)

    return [Periodic("copies", COPIES_EVERY_S, tidy_both)]


def _index(app: Application) -> Periodic:
    return Periodic("index", INDEX_EVERY_S, app.refresh_indexes)
