"""MODEL_CARD.md from the results file: the same results give the same bytes, plots included."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from policies.evaluation.bars import BARS, PUBLISHED, PUBLISHED_SOURCE, Bar
from policies.evaluation.curves import Curve, Point
from policies.evaluation.labels import OURS
from policies.evaluation.plots import trade_off
from policies.text.training.card import CREDITS, LIMITS

Plain = Mapping[str, Any]
NAMES = {
    "recall": "recall",
    "block_recall": "block recall",
    "over_refusal": "over-refusal",
    "average_precision": "average precision",
}
PLOTS = Path("docs") / "images" / "eval"
CARD = Path("MODEL_CARD.md")
FEWEST = 20
STAGE = "Theirs is the output stage with all their models; ours is the prompt stage alone."
TEMPLATE = Path(__file__).parent / "card.md"
COLUMNS = ("recall", "block_recall", "over_refusal", "over_block", "unjudged")


def pages(results: Plain) -> dict[Path, str]:
    """Every file of the card, by its place in the project: the card itself, and a plot for each bar that has a curve."""
    plots = {PLOTS / f"{bar['id']}.svg": _plot(bar) for bar in results["bars"] if bar["gate"]}
    return {CARD: card(results), **plots}


def card(results: Plain) -> str:
    """The card in Markdown."""
    report = results["report"]
    parts = {
        "identity": _identity(results["measured_with"]),
        "credits": CREDITS,
        "n_rows": f"{results['rows']:,}",
        "bars": _bars(results["bars"]),
        "curves": _curves(results["bars"]),
        "published_source": PUBLISHED_SOURCE,
        "prompt_stage": STAGE,
        "fewest": str(FEWEST),
        "published": _published(results["categories"]),
        "sources": _slices("source", report["by_source"]),
        "languages": _slices("source and language", _told_apart(report["by_language"])),
        "attacks": _slices("source and attack", report["by_attack"]),
        "categories": _slices("category and source", filter(_ours_named, results["categories"])),
        "scores": _scores(report["scored"]),
        "limits": LIMITS,
        "xstest": str(_rows_of(report["by_source"], "xstest")),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in parts.items():
        text = text.replace("{" + name + "}", value)
    return text


def _identity(measured: Plain) -> str:
    files = [
        f"- `policies/text/weights/{name}`: `sha256:{digest}`" for name, digest in measured["weights"].items()
    ]
    checks = [f"- check `{name}`: `{revision}`" for name, revision in measured["checks"].items()]
    return "\n".join([*files, f"- policy `{measured['policy']}`", *checks])


def _bars(bars: Sequence[Plain]) -> str:
    lines = ["| bar | figure | wanted | reached | |", "|---|---|---|---|---|"]
    for bar in bars:
        for number, one in enumerate(bar["reached"]):
            title = bar["title"] if number == 0 else ""
            lines.append(
                f"| {title} | {NAMES[one['figure']]} | {_wanted(one)} | {_shown(one)} | {_standing(one)} |"
            )
    return "\n".join(lines)


def _wanted(one: Plain) -> str:
    if one["figure"] == "average_precision":
        return f"≥ {one['goal']:.2f}"
    sign = "≤" if one["figure"] == "over_refusal" else "≥"
    return f"{sign} {100 * one['goal']:g} %"


def _shown(one: Plain) -> str:
    clustered = one["clustered"]
    if not clustered or one["figure"] == "average_precision":
        return str(one["shown"])
    return f"{one['shown']}, by cluster {100 * clustered[0]:.1f}–{100 * clustered[1]:.1f}"


def _standing(one: Plain) -> str:
    """Met or missed by the figure; in bold what is missed; and whether the interval lies on one side of the bar."""
    if one["standing"] != "met":
        return f"**{one['standing']}**"
    interval = one["clustered"] or one["interval"]
    across = interval and interval[0] < one["goal"] < interval[1]
    return "met, interval reaches across" if across else "met"


def _curves(bars: Sequence[Plain]) -> str:
    known = {bar.id: bar for bar in BARS}
    return "\n\n".join(_curve(bar, known.get(bar["id"])) for bar in bars)


def _curve(bar: Plain, definition: Bar | None) -> str:
    lines = [f"### {bar['title']}", "", str(bar["how"])]
    if definition is not None and definition.why:
        lines += ["", f"**Why it is missed.** {definition.why}"]
    if bar["gate"]:
        lines += ["", f"![{_alternative(bar)}]({(PLOTS / bar['id']).as_posix()}.svg)"]
    return "\n".join(lines)


def _alternative(bar: Plain) -> str:
    at = f"{bar['gate']['recall_at_1_percent']:.3f} with at most 1 % of benign rows refused"
    return f"{bar['title']}: recall over over-refusal at other thresholds; {at}"


def _plot(bar: Plain) -> str:
    goals = {one["figure"]: one["goal"] for one in bar["reached"]}
    part = bar["slice"]
    here = (part["over_refusal"]["value"], part["recall"]["value"])
    wanted = ("recall" in goals) and ("over_refusal" in goals)
    return trade_off(
        bar["title"],
        curve_from(bar["gate"]),
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


def _published(categories: Sequence[Plain]) -> str:
    lines = ["| category | set | recall | benign not refused |", "|---|---|---|---|"]
    for one in PUBLISHED:
        lines.append(
            f"| {one.what} | Sora 2, published | {100 * one.recall:.2f} % | {100 * one.passed:.2f} % |"
        )
        lines += [_ours(one.what, part) for part in categories if one.category and _about(part, one.category)]
    return "\n".join(lines)


def _about(part: Plain, category: str) -> bool:
    enough = part["recall"]["n"] >= FEWEST or part["over_refusal"]["n"] >= FEWEST
    return bool(enough and part["name"].split(", ")[0] == category)


def _ours_named(part: Plain) -> bool:
    """Whether the category is the policy's: labels that name none are in the results file alone."""
    return part["name"].split(", ")[0] in OURS


def _ours(what: str, part: Plain) -> str:
    return f"| {what} | ours, {part['name'].split(', ')[1]} | {part['recall']['shown']} | {_passed(part['over_refusal'])} |"


def _passed(refused: Plain) -> str:
    if not refused["n"]:
        return "no rows"
    low, high = (100 * (1 - bound) for bound in reversed(refused["interval"]))
    let = refused["n"] - refused["hits"]
    return f"{100 * let / refused['n']:.1f} % ({let} of {refused['n']}; {low:.1f}–{high:.1f})"


def _slices(first: str, slices: Iterable[Plain]) -> str:
    head = "recall | block recall | over-refusal | over-block | could not judge"
    lines = [f"| {first} | {head} |", "|---|---|---|---|---|---|"]
    for part in slices:
        cells = " | ".join(_share(part[name]) for name in COLUMNS)
        lines.append(f"| {part['name']} | {cells} |")
    return "\n".join(lines)


def _share(share: Plain) -> str:
    if not share["n"]:
        return "–"
    clustered = share.get("clustered")
    told = f", by cluster {100 * clustered[0]:.1f}–{100 * clustered[1]:.1f}" if clustered else ""
    return f"{share['shown']}{told}"


def _told_apart(languages: Sequence[Plain]) -> list[Plain]:
    """Languages of sources that are in more than one: all others are English."""
    sources = [part["name"].rsplit(", ", 1)[0] for part in languages]
    return [part for part, source in zip(languages, sources, strict=True) if sources.count(source) > 1]


def _rows_of(slices: Iterable[Plain], source: str) -> int:
    return sum(part["unjudged"]["n"] for part in slices if part["name"] == source)


def _scores(scored: Iterable[Plain]) -> str:
    head = "harmful | benign | average precision | recall at 1 % | calibration error | Brier"
    lines = [f"| source | {head} |", "|---|---|---|---|---|---|---|"]
    lines += [_score(one) for one in scored if one["text"] and one["calibration"]]
    return "\n".join(lines)


def _score(one: Plain) -> str:
    text, calibration = one["text"], one["calibration"]
    figures = (
        text["average_precision"],
        text["recall_at_1_percent"],
        calibration["expected_calibration_error"],
        calibration["brier"],
    )
    told = " | ".join(f"{figure:.3f}" for figure in figures)
    return f"| {one['name']} | {text['harmful']} | {text['benign']} | {told} |"


def write(results: Plain, project: Path) -> list[Path]:
    """Write the card's files below `project`, remove plots of bars that are no more, and say which changed."""
    wanted = pages(results)
    changed = []
    for place, text in wanted.items():
        path = project / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(place)
    for path in (project / PLOTS).glob("*.svg"):
        if path.relative_to(project) not in wanted:
            path.unlink()
    return changed


def stale(results: Plain, project: Path) -> list[Path]:
    """The card's files below `project` that are missing or say something else than the results."""
    return [
        place
        for place, text in pages(results).items()
        if not (project / place).exists() or (project / place).read_text(encoding="utf-8") != text
    ]
