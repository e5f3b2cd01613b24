"""docs/metrics.md: what is counted is asked of a fresh `Metrics`, what is read at scrape time is read from the source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from prometheus_client import Counter, Histogram

from moderation.observability.metrics import Metrics
from tests.docs.codes import text_of, trees
from tests.docs.markdown import code, table


@dataclass(frozen=True, slots=True)
class MetricDoc:
    """One metric as it is scraped."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


@cache
def metrics() -> tuple[MetricDoc, ...]:
    """Every metric, by name."""
    return tuple(sorted((*_counted(), *_read(), READER_FAILED), key=lambda metric: metric.name))


READER_FAILED = MetricDoc(
    "safeconduct_reader_failed", "gauge", ("reader",), "1 when a state could not be read."
)


def render_metrics() -> str:
    """Name, kind, labels, meaning."""
    rows = [
        (code(one.name), one.kind, ", ".join(map(code, one.labels)) or "–", one.help) for one in metrics()
    ]
    return table(("metric", "kind", "labels", "meaning"), rows)


def happenings() -> tuple[str, ...]:
    """The values of the label `event` of `safeconduct_events_total`."""
    found = {text_of(call.args[0]) for call in _calls("happened") if call.args}
    return tuple(sorted(found - {""}))


def render_happenings() -> str:
    """The values of the label `event`."""
    return ", ".join(map(code, happenings()))


def _counted() -> Iterator[MetricDoc]:
    for value in vars(Metrics()).values():
        if isinstance(value, Counter | Histogram):
            kind = "counter" if isinstance(value, Counter) else "histogram"
            ending = "_total" if isinstance(value, Counter) else ""
            yield MetricDoc(f"{value._name}{ending}", kind, tuple(value._labelnames), value._documentation)


def _read() -> Iterator[MetricDoc]:
    for path, tree in trees().items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and "observability" in path.parts:
                yield from _readings(function)


def _readings(function: ast.FunctionDef) -> Iterator[MetricDoc]:
    assigned = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Reading":
            given = dict(zip(("name", "value", "labels", "help"), call.args, strict=False))
            given.update({word.arg: word.value for word in call.keywords if word.arg})
            counter = "counter" in given
            name = f"safeconduct_{text_of(given['name'])}{'_total' if counter else ''}"
            labels = _labels(given.get("labels"), assigned)
            yield MetricDoc(name, "counter" if counter else "gauge", labels, text_of(given.get("help")))


def _labels(node: ast.expr | None, assigned: dict[str, ast.expr]) -> tuple[str, ...]:
    if isinstance(node, ast.Name):
        node = assigned[node.id]
    if node is None:
        return ()
    assert isinstance(node, ast.Tuple), "labels are written as a tuple of pairs"
    return tuple(text_of(pair.elts[0]) for pair in node.elts if isinstance(pair, ast.Tuple))


def _calls(method: str) -> Iterator[ast.Call]:
    for tree in trees().values():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
            ):
                yield node
