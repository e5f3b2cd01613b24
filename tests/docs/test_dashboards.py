"""The dashboard and the alert rules ask for metrics that exist, in queries that Prometheus can read."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from tests.docs.codes import ROOT
from tests.docs.metric_table import MetricDoc, metrics

FOLDER = ROOT / "dashboards"
BOARD: dict[str, Any] = json.loads((FOLDER / "safeconduct.json").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"][
    0
]["rules"]
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
ROWS = {"The gate", "HTTP", "Queues: jobs, outbox, log", "Generations, releases, withdrawals"}
SEEN_ELSEWHERE = {"le"}
"""Labels that Prometheus itself adds."""


def queries() -> Iterator[tuple[str, str]]:
    """Every query, by the title of its panel or the name of its alert."""
    for panel in PANELS:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)


def names(metric: MetricDoc) -> set[str]:
    """What a metric is called when it is asked for."""
    endings = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
    return {metric.name + ending for ending in endings}


KNOWN = {name: metric for metric in metrics() for name in names(metric)}


@pytest.mark.parametrize(("where", "query"), list(queries()))
def test_every_query_can_be_read_and_asks_for_metrics_and_labels_that_exist(where: str, query: str) -> None:
    promql_parser.parse(query)
    asked = re.findall(r"safeconduct_\w+", query)
    assert asked, where
    assert set(asked) <= KNOWN.keys()
    labels = {label for name in asked for label in KNOWN[name].labels} | SEEN_ELSEWHERE
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
    filtered = set(re.findall(r"(\w+)\s*=~?\s*\"|(\w+)!=", query))
    assert grouped | {one or other for one, other in filtered} <= labels


def test_the_dashboard_can_be_imported_anywhere() -> None:
    assert BOARD["uid"] == "safeconduct"
    assert [one["type"] for one in BOARD["templating"]["list"]] == ["datasource"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert {panel["title"] for panel in BOARD["panels"] if panel["type"] == "row"} >= ROWS


def test_no_two_panels_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_every_alert_says_what_happened_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["action"].endswith((".", "?"))
    labels = {label for name in re.findall(r"safeconduct_\w+", rule["expr"]) for label in KNOWN[name].labels}
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    assert named <= labels | {"instance"}


def test_prometheus_asks_every_service_of_ours_by_its_name() -> None:
    scraped = yaml.safe_load((FOLDER / "prometheus.yaml").read_text(encoding="utf-8"))["scrape_configs"][0]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    ours = {
        name for name, one in compose["services"].items() if "build" in one and one.get("restart") != "no"
    }
    asked = scraped["dns_sd_configs"][0]
    assert set(asked["names"]) == ours
    assert str(asked["port"]) == compose["x-environment"]["SAFECONDUCT_METRICS_PORT"]
