"""`safeconduct evaluate FILE…`: how often the gate is right on labelled prompts, with intervals, by source and by category."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from moderation.bootstrap import Application
from moderation.cli.output import JsonOption, print_json
from moderation.cli.progress import counting
from moderation.cli.session import application
from moderation.evaluating import GateOnRows
from policies.evaluation.bootstrap import SEED
from policies.evaluation.evaluate import Mistake, Report, as_table, evaluate
from policies.evaluation.held_out import Chosen, choose, everything, held_out
from policies.evaluation.html import Facts, page, worst
from policies.evaluation.plain import report_to_plain
from policies.evaluation.reading import read_rows
from policies.evaluation.rows import LabelledRow

FilesArgument = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, help="Labelled rows: JSONL or CSV, plain or gzipped."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate_command)


def evaluate_command(
    files: FilesArgument,
    limit: Annotated[int, typer.Option(help="Rows taken from each file, evenly spread; 0 for all.")] = 0,
    firm: Annotated[
        bool, typer.Option("--firm", help="Only rows whose label the readers were sure of.")
    ] = False,
    all_clusters: Annotated[
        bool, typer.Option("--all-clusters", help="Also rows that may have trained the shipped weights.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write the report here, as one page with plots.")] = None,
    show_errors: Annotated[
        int, typer.Option(min=0, help="Show so many of the worst misses and false alarms, with their texts.")
    ] = 0,
    mistakes: Annotated[
        Path | None, typer.Option(help="Write the rows judged against their label here, as JSONL.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = SEED,
    as_json: JsonOption = False,
) -> None:
    """Judge labelled prompts, and report how often the gate is right.

    Recall and over-refusal come with n, Wilson's interval and the cluster bootstrap's, by source, category, language and
    attack; precision and recall at other thresholds, and calibration, by source. Rows have `text`, and `gold` or `expected`;
    optional: `id`, `source`, `category`, `lang`, `attack`, `cluster`, `firm`.

    Rows without a settled label are judged but counted as neither; what could not be judged is never counted as right. Of
    sources that trained the shipped weights only the clusters held out of training are measured.
    """
    rows = [row for file in files for row in _spread(list(read_rows(file)), limit) if row.firm or not firm]
    chosen = choose(rows, everything if all_clusters else held_out)
    with application() as parts, counting("judging", len(chosen.rows)) as done:
        report = evaluate(chosen.rows, GateOnRows(parts.judge, done), seed=seed)
        facts = _facts(parts, files, chosen, all_clusters=all_clusters)
    if mistakes is not None:
        mistakes.write_text(mistake_lines(report.mistakes), encoding="utf-8")
    if html is not None:
        html.write_text(page(report, facts, errors=show_errors), encoding="utf-8")
    if as_json:
        print_json({**dict(facts.pairs), "remarks": list(facts.remarks), **report_to_plain(report)})
    else:
        _print(report, facts, show_errors)


def _facts(parts: Application, files: Sequence[Path], chosen: Chosen, *, all_clusters: bool) -> Facts:
    pairs = (
        ("files", ", ".join(file.name for file in files)),
        ("rows", str(len(chosen.rows))),
        ("policy", parts.policy().revision),
    )
    remarks = [
        f"{source}: {count} rows were left out because they may have trained the weights (--all-clusters measures them too)"
        for source, count in chosen.left_out
    ]
    if all_clusters:
        remarks.append(
            "All clusters were measured: rows that trained the shipped weights make the figures too good."
        )
    return Facts(pairs, remarks)


def _print(report: Report, facts: Facts, errors: int) -> None:
    for remark in facts.remarks:
        typer.echo(remark, err=True)
    slices = (
        ("source", report.by_source),
        ("category", report.by_category),
        ("language", report.by_language),
        ("attack", report.by_attack),
    )
    for name, parts in slices:
        if parts:
            typer.echo(as_table(parts, name))
    for one in report.scored:
        if one.text is not None:
            told = f"average precision {one.text.average_precision:.3f}, recall {one.text.recall_at:.3f} at 1 % over-refusal"
            typer.echo(f"{one.name}: text score (the strictest category's margin): {told}")
    if errors:
        typer.echo(mistake_lines(worst((one for one in report.mistakes if one.row.wanted.refused), errors)))
        typer.echo(
            mistake_lines(worst((one for one in report.mistakes if not one.row.wanted.refused), errors))
        )


def mistake_lines(mistakes: Sequence[Mistake]) -> str:
    """The mistakes as JSON lines, their texts included."""
    return "".join(json.dumps(_mistake(one), ensure_ascii=False) + "\n" for one in mistakes)


def _mistake(one: Mistake) -> dict[str, Any]:
    return {
        "id": one.row.id,
        "source": one.row.source,
        "wanted": one.row.wanted.value,
        "verdict": one.outcome.verdict.value,
        "unjudged": one.outcome.unjudged,
        "categories": sorted(one.outcome.categories),
        "margin": one.outcome.margin,
        "text": one.row.text,
    }


def _spread(rows: list[LabelledRow], limit: int) -> list[LabelledRow]:
    """`limit` rows evenly spread over the file: the head of a file is rarely like the rest."""
    if not limit or len(rows) <= limit:
        return rows
    step = len(rows) / limit
    return [rows[int(position * step)] for position in range(limit)]
