"""Where the time of the request gate goes: one stage after the other on one thread, so that each one's CPU time is its own.

.venv/bin/python -m pytest tests/bench/test_gate_overhead.py -k where -m bench -s
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter, process_time

from moderation.bus.consumer import ConsumerLoop
from moderation.bus.job_pool import JobPool
from moderation.bus.relay import Relay
from moderation.workers import loops_of
from tests.bench.pipelines import GateParts, requests
from tests.support.statements import counted


@dataclass(frozen=True, slots=True)
class Stage:
    """What one decision costs in a stage: microseconds of this process's CPU and of wall time, and SQL statements."""

    name: str
    cpu_us: float
    wall_us: float
    statements: float


def measured(parts: GateParts, count: int) -> list[Stage]:
    """The stages of `count` requests, in the order in which they pass through them."""
    loops = {type(loop): loop for loop in loops_of(parts.app, ["request-gate", "relay"])}
    consumer, pool, relay = loops[ConsumerLoop], loops[JobPool], loops[Relay]
    assert isinstance(consumer, ConsumerLoop)
    assert isinstance(pool, JobPool)
    assert isinstance(relay, Relay)
    stages: list[Stage] = []
    try:
        for size in (200, count):  # the first opens connections and fills caches
            stages = list(_stages(parts, size, consumer, pool, relay))
    finally:
        consumer.close()
    return stages


def table(stages: list[Stage]) -> str:
    """For people, in Markdown."""
    total = sum(stage.cpu_us for stage in stages)
    rows = [
        f"| {stage.name} | {stage.cpu_us:.0f} | {stage.cpu_us / total:.0%} | {stage.wall_us:.0f} | {stage.statements:.3f} |"
        for stage in stages
    ]
    head = "| stage | CPU us | share | wall us | SQL statements |\n|---|---|---|---|---|"
    return "\n".join(
        [head, *rows, f"| all | {total:.0f} | | {sum(stage.wall_us for stage in stages):.0f} | |"]
    )


def _stages(
    parts: GateParts, count: int, consumer: ConsumerLoop, pool: JobPool, relay: Relay
) -> Iterator[Stage]:
    records = requests(count)
    works: dict[str, Callable[[], object]] = {
        "publish (whoever asks)": lambda: parts.app.event_log.publish(records),
        "consume: rows, jobs, position": lambda: _until(count, lambda: consumer.run_once(0.5)),
        "claim, gather, judge, commit": lambda: _until(count, pool.run_once),
        "relay: two events each": lambda: _until(2 * count, relay.run_once),
    }
    for name, work in works.items():
        cpu, wall = process_time(), perf_counter()
        with counted(parts.app.database) as statements:
            work()
        took = process_time() - cpu, perf_counter() - wall
        yield Stage(name, took[0] / count * 1e6, took[1] / count * 1e6, len(statements) / count)


def _until(count: int, step: Callable[[], int]) -> None:
    done = 0
    while done < count:
        done += step()
