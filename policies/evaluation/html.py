"""The report as one HTML page that asks the network for nothing: tables, plots, and on request the worst mistakes.

Texts are shown only when asked for, because they may be offensive, and every one is escaped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from policies.evaluation.bootstrap import Interval
from policies.evaluation.evaluate import Mistake, Report, Scored, Slice
from policies.evaluation.intervals import Share
from policies.evaluation.plots import precision_recall, reliability, trade_off

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 78rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { border: 1px solid #ccc; padding: .25rem .5rem; text-align: left; vertical-align: top }
thead th { background: #f2f2f2 } small { color: #555 } td { white-space: pre-wrap; overflow-wrap: anywhere }
.scroll { overflow-x: auto } .plots { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0 }
"""
HEADS = ("recall", "block recall", "over-refusal", "over-block", "could not judge", "unsettled", "clusters")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader must know beside the figures: (name, value) pairs such as files, policy and weights; and remarks."""

    pairs: Sequence[tuple[str, str]]
    remarks: Sequence[str] = ()


def page(report: Report, facts: Facts, *, errors: int = 0) -> str:
    """The whole page; `errors`: how many of the worst misses, and of the worst false alarms, are shown with their texts."""
    sections = [
        _facts(facts),
        _explained(),
        *(
            _table(caption, parts)
            for caption, parts in (
                ("By source", report.by_source),
                ("By category", report.by_category),
                ("By language", report.by_language),
                ("By attack", report.by_attack),
            )
            if parts
        ),
        *(_plots(number, one) for number, one in enumerate(report.scored)),
        *(_errors(report.mistakes, errors) if errors else ()),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Evaluation</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Evaluation</h1>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def _facts(facts: Facts) -> str:
    pairs = "".join(f"<tr><th scope=row>{escape(n)}</th><td>{escape(v)}</td></tr>" for n, v in facts.pairs)
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in facts.remarks)
    return f"<table>{pairs}</table>" + (f"<ul>{remarks}</ul>" if remarks else "")


def _explained() -> str:
    return (
        "<p>Recall: of texts that must not pass, those recognised. Over-refusal: of texts that must pass, those held or "
        "blocked. What could not be judged is never counted as right: it lowers recall and raises over-refusal. "
        "Intervals are Wilson's at 95 %; where rows share clusters (templates, near-duplicates), the second is the "
        "cluster bootstrap's. Sources are not added up: their sizes are accidents.</p>"
    )


def _table(caption: str, parts: Sequence[Slice]) -> str:
    head = "".join(f"<th scope=col>{name}</th>" for name in HEADS)
    rows = "".join(_row(part) for part in parts)
    return (
        f'<div class=scroll tabindex=0 role=region aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr><th scope=col>rows</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(part: Slice) -> str:
    cells = (
        _cell(part.recall, part.recall_clustered),
        _cell(part.block_recall),
        _cell(part.over_refusal, part.over_refusal_clustered),
        _cell(part.over_block),
        _cell(part.unjudged),
        str(part.unsettled),
        str(part.clusters),
    )
    told = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr><th scope=row>{escape(part.name)}</th>{told}</tr>"


def _cell(share: Share, clustered: Interval | None = None) -> str:
    if not share.n:
        return "–"
    low, high = share.interval
    told = f"{100 * share.value:.1f} % <small>{share.hits} of {share.n}; {100 * low:.1f}–{100 * high:.1f}"
    if clustered:
        told += f"; by cluster {100 * clustered[0]:.1f}–{100 * clustered[1]:.1f}"
    return told + "</small>"


def _plots(number: int, one: Scored) -> str:
    assert one.gate is not None  # a source without a curve is not listed
    drawn = [
        precision_recall(one.name, one.gate, one.text, f"pr{number}"),
        trade_off(one.name, one.text or one.gate, f"roc{number}"),
    ]
    if one.calibration is not None:
        drawn.append(reliability(one.name, one.calibration, f"cal{number}"))
    figures = "".join(f"<figure>{svg}</figure>" for svg in drawn)
    return f"<h2>{escape(one.name)}</h2>{_scores(one)}<div class=plots>{figures}</div>"


def _scores(one: Scored) -> str:
    told = [
        f"{label}: average precision {curve.average_precision:.3f}, recall {curve.recall_at:.3f} with at most 1 % of "
        f"benign texts refused"
        for label, curve in (("gate (facts included)", one.gate), ("text score", one.text))
        if curve
    ]
    if one.calibration:
        told.append(f"calibration error {one.calibration.error:.3f}, Brier {one.calibration.brier:.3f}")
    return f"<p>{escape('; '.join(told))}.</p>"


def _errors(mistakes: Sequence[Mistake], most: int) -> Iterable[str]:
    missed = [one for one in mistakes if one.row.wanted.refused]
    alarms = [one for one in mistakes if not one.row.wanted.refused]
    yield _listed("Worst misses", worst(missed, most))
    yield _listed("Worst false alarms", worst(alarms, most))


def worst(mistakes: Iterable[Mistake], most: int) -> list[Mistake]:
    """The mistakes furthest from the threshold, the worst first; of equal ones the first id."""
    return sorted(mistakes, key=lambda one: (-one.margin, one.row.id))[:most]


def _listed(caption: str, mistakes: Sequence[Mistake]) -> str:
    rows = "".join(map(_mistake, mistakes))
    head = "".join(f"<th scope=col>{name}</th>" for name in ("id", "label", "verdict", "categories", "text"))
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _mistake(one: Mistake) -> str:
    cells = (
        one.row.wanted.value,
        one.outcome.verdict.value,
        ", ".join(sorted(one.outcome.categories)),
        one.row.text,
    )
    told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th scope=row>{escape(one.row.id)}</th>{told}</tr>"
