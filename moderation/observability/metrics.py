"""Prometheus metrics of one process, in a registry of its own: two services in one process (tests) never mix.

Events are counted where they happen; states (queue depth, lag, staleness) are read when somebody scrapes, by readers that the
composition root registers. A reader that fails is reported as a metric, too, and never as a made-up zero.
"""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from policies.findings import CheckReport, CheckStatus

CHECK_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
GENERATOR_BUCKETS_S = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 3600)
HTTP_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured state: its name without prefix (`outbox_lag_seconds`), value and labels; a gauge, or a `counter`."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    help: str = ""
    counter: bool = False


Reader = Callable[[], Sequence[Reading]]
_Family = GaugeMetricFamily | CounterMetricFamily


class Metrics:
    """The metrics of one process. Implements the observers of checks, of shadows and of generators."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._readers = _Readers()
        self.registry.register(self._readers)
        self._unjudged = self._counter("checks_unjudged", "Checks that could not judge.", ("check", "cause"))
        self._uncovered = self._counter("checks_uncovered", "Checks without a model.", ("check",))
        self._check_seconds = self._histogram(
            "check_seconds",
            "Seconds a check took, for one subject or for a batch.",
            ("check",),
            CHECK_BUCKETS_S,
        )
        self._requests = self._counter("http_requests", "Requests answered.", ("method", "route", "status"))
        self._request_seconds = self._histogram(
            "http_seconds", "Seconds to answer.", ("method", "route"), HTTP_BUCKETS_S
        )
        self._generator_seconds = self._histogram(
            "generator_seconds", "Seconds a generator took for a clip.", ("generator",), GENERATOR_BUCKETS_S
        )
        self._clip_seconds = self._counter(
            "generator_clip_seconds", "Seconds of video that generators made.", ("generator",)
        )
        self._generator_failures = self._counter(
            "generator_failures", "Attempts at a clip that failed.", ("code",)
        )
        self._shadowed = self._counter(
            "policy_shadow_rulings",
            "Judgements that a revision in shadow ruled on, too: the verdict that stands, and its own.",
            ("revision", "verdict", "shadow"),
        )
        self._events = self._counter("events", "Other things that happened, by name.", ("event",))

    def ran(self, report: CheckReport, seconds: float, error: BaseException | None) -> None:
        """Count and time one check."""
        self._check_seconds.labels(report.check).observe(seconds)
        if report.status is CheckStatus.UNJUDGED:
            self._unjudged.labels(report.check, report.cause or "unknown").inc()
        elif report.status is CheckStatus.UNCOVERED:
            self._uncovered.labels(report.check).inc()

    def ran_many(self, reports: Sequence[CheckReport], seconds: float) -> None:
        """Count one check on a batch of subjects, and time it as one run."""
        self._check_seconds.labels(reports[0].check).observe(seconds)
        same = {id(report): report for report in reports}  # what says the same is mostly one object
        for one, many in Counts(map(id, reports)).items():
            report = same[one]
            if report.status is CheckStatus.UNJUDGED:
                self._unjudged.labels(report.check, report.cause or "unknown").inc(many)
            elif report.status is CheckStatus.UNCOVERED:
                self._uncovered.labels(report.check).inc(many)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count and time one HTTP answer; `route` is the template, never the path."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def generated(self, generator: str, seconds: float, clip_seconds: float) -> None:
        """Count and time one clip, by the generator's name. Seconds per generated second is the ratio of the two sums."""
        self._generator_seconds.labels(generator).observe(seconds)
        self._clip_seconds.labels(generator).inc(clip_seconds)

    def generation_failed(self, code: str) -> None:
        """Count one attempt that failed, by its stable code."""
        self._generator_failures.labels(code).inc()

    def happened(self, event: str) -> None:
        """Count an event by its stable name (`release.served`, `withdrawal.swept`, …)."""
        self._events.labels(event).inc()

    def shadowed(self, revision: str, verdict: str, shadow_verdict: str) -> None:
        """Count one ruling of a revision in shadow beside the verdict that stands."""
        self._shadowed.labels(revision, verdict, shadow_verdict).inc()

    def add_reader(self, name: str, reader: Reader) -> None:
        """Ask `reader` at each scrape."""
        self._readers.add(name, reader)

    def render(self) -> bytes:
        """The text exposition format, UTF-8."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, labels: Sequence[str]) -> Counter:
        return Counter(f"safeconduct_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]) -> Histogram:
        return Histogram(f"safeconduct_{name}", text, labels, buckets=buckets, registry=self.registry)


@dataclass(slots=True, eq=False)  # a registry keeps collectors by identity
class _Readers(Collector):
    """Turns readings into gauges at scrape time."""

    readers: dict[str, Reader] = field(default_factory=dict)

    def add(self, name: str, reader: Reader) -> None:
        self.readers[name] = reader

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        failed = GaugeMetricFamily(
            "safeconduct_reader_failed", "1 when a state could not be read.", labels=("reader",)
        )
        families: dict[str, _Family] = {}
        for name, reader in self.readers.items():
            try:
                readings = list(reader())
            except Exception:
                failed.add_metric((name,), 1)
                continue
            failed.add_metric((name,), 0)
            for reading in readings:
                _family(families, reading).add_metric([value for _, value in reading.labels], reading.value)
        yield failed
        yield from families.values()


def _family(families: dict[str, _Family], reading: Reading) -> _Family:
    name = f"safeconduct_{reading.name}"
    if name not in families:
        text = reading.help or reading.name.replace("_", " ")
        labels = [label for label, _ in reading.labels]
        made = CounterMetricFamily if reading.counter else GaugeMetricFamily
        families[name] = made(name, text, labels=labels)
    return families[name]
