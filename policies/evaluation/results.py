"""What was measured, as a file: every figure that the model card shows, and what exactly it was measured with.

A card is fresh when the weights, the thresholds and the policy named here are those that ship.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from policies.document import shipped_document
from policies.evaluation.evaluate import Judged, report_of, slice_of
from policies.evaluation.labels import categories_of
from policies.evaluation.measuring import BarResult
from policies.evaluation.plain import curve_to_plain, report_to_plain, slice_to_plain
from policies.text.encoder import RUNTIME

WEIGHTS = Path(__file__).parents[1] / "text" / "weights"
RESULTS = WEIGHTS / "results.json"
SCHEMA = 1
DECIMALS = 6
"""Of the bars' figures: enough that the card rounds once."""


def shipped(weights: Path = WEIGHTS) -> dict[str, Any]:
    """What decides: the sha256 of every file of the weights, thresholds among them, what runs them, and the policy's revision."""
    parts = sorted(path for path in weights.rglob("*") if path.is_file() and _decides(path, weights))
    digests = {
        path.relative_to(weights).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in parts
    }
    return {"weights": digests, "runtime": RUNTIME, "policy": shipped_document().revision}


def fresh(results: Mapping[str, Any]) -> bool:
    """Whether what was measured is what ships."""
    measured = results["measured_with"]
    return all(measured.get(name) == value for name, value in shipped().items())


def _decides(path: Path, weights: Path) -> bool:
    if path.name.startswith("."):
        return False
    return path.suffix != ".md" and path != weights / RESULTS.name


def results_of(
    found: Sequence[Judged], bars: Sequence[BarResult], measured_with: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything as plain JSON. `measured_with`: what `shipped` gave, and as `checks` the revision of each that judged. No times,
    no machine: the same rows under the same weights and policy give the same bytes."""
    return {
        "schema": SCHEMA,
        "measured_with": dict(measured_with),
        "rows": len(found),
        "bars": [bar_to_plain(result) for result in bars],
        "categories": [slice_to_plain(part) for part in _by_category_and_source(found)],
        "report": {
            name: part for name, part in report_to_plain(report_of(found)).items() if name != "by_category"
        },
    }


def _by_category_and_source(found: Sequence[Judged]) -> list[Any]:
    groups: dict[tuple[str, str], list[Judged]] = {}
    for one in found:
        for category in categories_of(one.row):
            groups.setdefault((category, one.row.source), []).append(one)
    return [
        slice_of(f"{category}, {source}", groups[category, source]) for category, source in sorted(groups)
    ]


def bar_to_plain(result: BarResult) -> dict[str, Any]:
    """One bar."""
    bar = result.bar
    return {
        "id": bar.id,
        "title": bar.title,
        "how": bar.how,
        "reached": [
            {
                "figure": one.figure,
                "goal": one.goal,
                "value": None if one.value is None else round(one.value, DECIMALS),
                "n": one.n,
                "shown": one.shown,
                "interval": _rounded(one.interval),
                "clustered": _rounded(one.clustered),
                "standing": one.standing,
            }
            for one in result.reached
        ],
        "wrong": [asdict(one) for one in result.wrong],
        "slice": slice_to_plain(result.slice),
        "gate": curve_to_plain(result.gate),
        "text": curve_to_plain(result.text),
    }


def _rounded(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else [round(bound, DECIMALS) for bound in interval]


def save(results: Mapping[str, Any], path: Path = RESULTS) -> None:
    """Write the file, a line per slice and bar so that a change can be read."""
    path.write_text(_written(results, "") + "\n", encoding="utf-8")


def _written(value: Any, indent: str) -> str:
    """JSON, of which lists of objects have a line for each, and all else that is no object of objects one in all."""
    inner = f"{indent} "
    if (
        isinstance(value, dict)
        and any(isinstance(part, dict | list) for part in value.values())
        and len(indent) < 2
    ):
        parts = (f"{inner}{json.dumps(name)}: {_written(part, inner)}" for name, part in value.items())
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"{inner}{_line(part)}" for part in value) + f"\n{indent}]"
    return _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def load(path: Path = RESULTS) -> dict[str, Any]:
    """The file's content."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
