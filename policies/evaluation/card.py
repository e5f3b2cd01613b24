"""MODEL_CARD.md from the results file: the same results give the same bytes, plots included."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from policies.evaluation import card_bars
from policies.evaluation.card_bars import PLOTS, Plain
from policies.evaluation.card_published import FEWEST, categories_table, guards_table
from policies.evaluation.labels import OURS
from policies.evaluation.published import LLAMA_GUARD, SORA
from policies.text.training.card import CREDITS, LIMITS

CARD = Path("MODEL_CARD.md")
TEMPLATE = Path(__file__).parent / "card.md"
COLUMNS = ("recall", "block_recall", "over_refusal", "over_block", "unjudged")


def pages(results: Plain) -> dict[Path, str]:
    """Every file of the card, by its place in the project: the card itself, and a plot for each bar that has a curve."""
    plots = {PLOTS / f"{bar['id']}.svg": card_bars.plot(bar) for bar in results["bars"] if bar["gate"]}
    return {CARD: card(results), **plots}


def card(results: Plain) -> str:
    """The card in Markdown."""
    report = results["report"]
    parts = {
        "identity": _identity(results["measured_with"]),
        "credits": CREDITS,
        "n_rows": f"{results['rows']:,}",
        "bars": card_bars.table(results["bars"]),
        "curves": card_bars.curves(results["bars"]),
        "sora": SORA,
        "llama_guard": LLAMA_GUARD,
        "fewest": str(FEWEST),
        "published": categories_table(results["categories"]),
        "guards": guards_table(report["by_source"]),
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
    with_what = [
        f"- runtime of the text networks `{measured['runtime']}`",
        f"- policy `{measured['policy']}`",
    ]
    return "\n".join([*files, *with_what, *checks])


def _ours_named(part: Plain) -> bool:
    """Whether the category is the policy's: labels that name none are in the results file alone."""
    return part["name"].split(", ")[0] in OURS


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
