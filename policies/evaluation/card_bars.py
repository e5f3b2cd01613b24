"""The bars in the card: the table of what is reached, and for each bar its curve and where it goes wrong."""

from collections.abc import Mapping, Sequence
from math import floor
from pathlib import Path
from typing import Any

from policies.evaluation.bars import BARS, Bar
from policies.evaluation.curves import Curve, Point
from policies.evaluation.measuring import MET, MISSED
from policies.evaluation.plots import precision_recall, trade_off

Plain = Mapping[str, Any]
NAMES = {
    "recall": "recall",
    "block_recall": "block recall",
    "over_refusal": "over-refusal",
    "average_precision": "average precision",
}
STANDINGS = {MET: "reached", MISSED: "**not reached**"}
PLOTS = Path("docs") / "images" / "eval"
ROUNDING = 1e-9
WRONG = {"recall": "Let through", "block_recall": "Not blocked", "over_refusal": "Refused"}


def table(bars: Sequence[Plain]) -> str:
    """One line per figure: wanted, measured, n, both intervals, and whether the bar is reached."""
    lines = [
        "| bar | figure | wanted | measured | n | Wilson, 95 % | by cluster, 95 % | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for bar in bars:
        for number, one in enumerate(bar["reached"]):
            cells = (
                bar["title"] if number == 0 else "",
                NAMES[one["figure"]],
                _wanted(one),
                _value(one),
                str(one["n"]),
                _interval(one, one["interval"]),
                _interval(one, one["clustered"]),
                _standing(one),
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _wanted(one: Plain) -> str:
    if one["figure"] == "average_precision":
        return f"≥ {one['goal']:.2f}"
    sign = "≤" if one["figure"] == "over_refusal" else "≥"
    return f"{sign} {100 * one['goal']:g} %"


def _value(one: Plain) -> str:
    if one["value"] is None:
        return "–"
    return f"{one['value']:.3f}" if one["figure"] == "average_precision" else f"{100 * one['value']:.1f} %"


def _interval(one: Plain, interval: Sequence[float] | None) -> str:
    if interval is None:
        return ""
    low, high = interval
    if one["figure"] == "average_precision":
        return f"{low:.3f}–{high:.3f}"
    return f"{100 * low:.1f}–{100 * high:.1f}"


def _standing(one: Plain) -> str:
    """Reached or not by the figure; and whether the interval lies on one side of the bar."""
    told = STANDINGS.get(one["standing"], f"**{one['standing']}**")
    interval = one["clustered"] or one["interval"]
    across = interval and interval[0] < one["goal"] < interval[1]
    return f"{told}, interval reaches across" if across else told


def curves(bars: Sequence[Plain]) -> str:
    """A section for each bar."""
    known = {bar.id: bar for bar in BARS}
    return "\n\n".join(_section(bar, known.get(bar["id"])) for bar in bars)


def _section(bar: Plain, definition: Bar | None) -> str:
    lines = [f"### {bar['title']}", "", str(bar["how"])]
    reached = {one["figure"]: one for one in bar["reached"]}
    told = [_wrong(one, reached[one["figure"]]) for one in bar["wrong"] if one["rows"]]
    told += [_elsewhere(bar, one) for one in bar["reached"] if one["standing"] == MISSED]
    lines += ["", *(f"- {line}" for line in filter(None, told))] if any(told) else []
    if definition is not None and definition.why:
        lines += ["", f"**Why it is not reached.** {definition.why}"]
    if bar["gate"]:
        lines += ["", f"![{_alternative(bar)}]({(PLOTS / bar['id']).as_posix()}.svg)"]
    return "\n".join(lines)


def _wrong(one: Plain, reached: Plain) -> str:
    """How many rows are wrong, how many the bar allows, and under which labels of the source most of them are."""
    slack = reached["goal"] if one["figure"] == "over_refusal" else 1 - reached["goal"]
    allowed = floor(reached["n"] * slack + ROUNDING)
    piles = ", ".join(f"{group['label']} {group['wrong']} of {group['n']}" for group in one["groups"])
    unjudged = f" {one['unjudged']} could not be judged." if one["unjudged"] else ""
    counts = f"{one['rows']} of {reached['n']}, the bar allows {allowed}"
    return f"{WRONG[one['figure']]}: {counts}.{unjudged} Most: {piles}."


def _elsewhere(bar: Plain, one: Plain) -> str:
    """What other thresholds would give where a bar is missed."""
    if not bar["gate"] or one["figure"] not in {"recall", "over_refusal"}:
        return ""
    goals = {other["figure"]: other["goal"] for other in bar["reached"]}
    points = curve_from(bar["gate"]).points
    if one["figure"] == "recall":
        enough = [point.over_refusal for point in points if point.recall >= goals["recall"]]
        return (
            f"The wanted recall costs {_percent(min(enough))} over-refusal at other thresholds."
            if enough
            else ""
        )
    few = [point.recall for point in points if point.over_refusal <= goals["over_refusal"]]
    return f"The wanted over-refusal leaves {_percent(max(few, default=0.0))} recall at other thresholds."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _alternative(bar: Plain) -> str:
    if _ranked(bar):
        return f"{bar['title']}: precision over recall, of the gate and of the text score"
    at = f"{bar['gate']['recall_at_1_percent']:.3f} with at most 1 % of benign rows refused"
    return f"{bar['title']}: recall over over-refusal at other thresholds; {at}"


def _ranked(bar: Plain) -> bool:
    return any(one["figure"] == "average_precision" for one in bar["reached"])


def plot(bar: Plain) -> str:
    """The bar's curve as SVG. The bar must have one."""
    gate = curve_from(bar["gate"])
    if _ranked(bar):
        return precision_recall(
            bar["title"], gate, curve_from(bar["text"]) if bar["text"] else None, bar["id"]
        )
    goals = {one["figure"]: one["goal"] for one in bar["reached"]}
    part = bar["slice"]
    here = (part["over_refusal"]["value"], part["recall"]["value"])
    wanted = ("recall" in goals) and ("over_refusal" in goals)
    return trade_off(
        bar["title"],
        gate,
        bar["id"],
        here=None if None in here else here,
        goal=(goals["over_refusal"], goals["recall"]) if wanted else None,
    )


def curve_from(plain: Plain) -> Curve:
    """The curve that `curve_to_plain` wrote."""
    at = plain["margin_at_1_percent"]
    return Curve(
        plain["harmful"],
        plain["benign"],
        plain["average_precision"],
        plain["recall_at_1_percent"],
        float("inf") if at is None else at,
        tuple(Point(*point) for point in plain["points"]),
    )
