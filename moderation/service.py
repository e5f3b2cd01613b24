"""One process of the service: the named workers as threads and, where asked for, the HTTP surface on the main thread."""

import signal
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from prometheus_client import start_http_server

from moderation.accounts.keys import first_admin_key
from moderation.bootstrap import Application
from moderation.bus.consumer import ConsumerLoop
from moderation.bus.topics import topic_specs
from moderation.bus.worker import Periodic, Worker
from moderation.observability.readers import read_loops, register_readers
from moderation.observability.workflow import register_workflow
from moderation.store import now_ms
from moderation.surface import http_app
from moderation.warming import API, Warming
from moderation.workers import INDEX_EVERY_S, copies, loops_of


class LoopFailing(Exception):
    """A loop of this process failed and has not recovered."""

    code = "worker.failing"


def prepare(app: Application) -> str | None:
    """Make topics and keys; the first admin key when this is the first start, to be shown once."""
    app.event_log.ensure_topics(topic_specs(app.settings.partitions))
    with app.database.transaction() as session:
        return first_admin_key(session, now_ms(session))


def run_workers(app: Application, names: Sequence[str]) -> bool:
    """Run the named workers until SIGTERM; True when everything was finished or given back in time."""
    worker = worker_of(app, names)
    _show_metrics(app)
    return worker.run()


def run_surface(app: Application, names: Sequence[str], *, ready: Callable[[], None] = lambda: None) -> bool:
    """Serve HTTP on the main thread, beside the named workers, until SIGTERM; True when everything was given back in time."""
    worker = worker_of(app, [*names, API])
    _show_metrics(app)
    worker.start()
    server = _Server(http_app(app), app, ready)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    try:
        server.run()
    finally:
        drained = worker.drain()
    return drained


def worker_of(app: Application, names: Sequence[str]) -> Worker:
    """The named workers, or the API's background work, watched by `/health` and the metrics."""
    app.trace()
    loops = loops_of(app, [name for name in names if name != API])
    loops.append(Warming(app.profile, app.works, names))
    loops += copies(app)
    if not any(loop.name == "index" for loop in loops):
        loops.append(Periodic("index", INDEX_EVERY_S, app.refresh_indexes))
    worker = Worker(loops)
    app.health.register("workers", lambda: _refuse_problems(worker))
    register_readers(app.metrics, app.database, staleness_s=app.index_staleness_s)
    register_workflow(app.metrics, app.database)
    consumers = [loop for loop in loops if isinstance(loop, ConsumerLoop)]
    app.metrics.add_reader(
        "loops", lambda: read_loops({one.group: one.lag for one in consumers}, worker.problems())
    )
    return worker


def _show_metrics(app: Application) -> None:
    """On a port of their own and without a key, where the settings name one: keep it inside your network."""
    if app.settings.metrics_port is not None:
        start_http_server(app.settings.metrics_port, addr=app.settings.host, registry=app.metrics.registry)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Uvicorn catches the signal, stops, and then raises it anew: it must not end the process before the workers drained."""


def _refuse_problems(worker: Worker) -> None:
    problems = worker.problems()
    if problems:
        raise LoopFailing(", ".join(f"{name}: {problem}" for name, problem in sorted(problems.items())))


class _Server(uvicorn.Server):
    """Uvicorn with our logging, that says when it listens."""

    def __init__(self, app: object, application: Application, ready: Callable[[], None]) -> None:
        settings = application.settings
        config = uvicorn.Config(
            app,  # type: ignore[arg-type]  # an ASGI application; FastAPI is one
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
        )
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # same shape
        """Listen, then say so."""
        await super().startup(sockets)  # type: ignore[arg-type]  # uvicorn types them as sockets
        self._ready()
