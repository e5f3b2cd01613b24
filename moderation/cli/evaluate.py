"""`safeconduct evaluate FILE…`: how often the gate is right on labelled prompts, with intervals, per source and category."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from moderation.cli.output import JsonOption, print_json
from moderation.cli.session import application
from moderation.gate.judge import Item, Judge
from policies.evaluation.evaluate import Outcome, Slice, as_table, evaluate
from policies.evaluation.rows import LabelledRow, read_rows
from policies.taxonomy import Category, Verdict

FilesArgument = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, help="Labelled rows: CSV, JSONL or gzipped JSONL."),
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
    mistakes: Annotated[
        Path | None, typer.Option(help="Write the rows judged against their label here, as JSONL.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge labelled prompts, and report how often the gate is right.

    Recall and over-refusal come with n and Wilson intervals, per source and per category.

    Rows without a settled label are judged but counted as neither; what could not be judged is counted apart.
    """
    rows = [row for file in files for row in _spread(list(read_rows(file)), limit) if row.firm or not firm]
    with application() as parts, Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("judging", total=len(rows))

        def judge(listed: Sequence[LabelledRow]) -> list[Outcome]:
            return [_judge(parts.judge, row, lambda: bar.advance(task)) for row in listed]

        report = evaluate(rows, judge)
    if mistakes is not None:
        lines = [
            {
                "id": m.row.id,
                "wanted": m.row.wanted.value,
                "verdict": m.outcome.verdict.value,
                "text": m.row.text,
            }
            for m in report.mistakes
        ]
        mistakes.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    if as_json:
        slices = {"by_source": report.by_source, "by_category": report.by_category}
        print_json({name: [_plain(part) for part in parts_] for name, parts_ in slices.items()})
        return
    typer.echo(as_table(report.by_source, "source"))
    typer.echo(as_table(report.by_category, "category"))


def _judge(judge: Judge, row: LabelledRow, done: Callable[[], object]) -> Outcome:
    answer = judge.judge(Item(row.id, text=row.text))
    done()
    return Outcome(
        Verdict(answer["verdict"]), frozenset(map(Category, answer["categories"])), bool(answer["unjudged"])
    )


def _spread(rows: list[LabelledRow], limit: int) -> list[LabelledRow]:
    """`limit` rows evenly spread over the file: the head of a file is rarely like the rest."""
    if not limit or len(rows) <= limit:
        return rows
    step = len(rows) / limit
    return [rows[int(position * step)] for position in range(limit)]


def _plain(part: Slice) -> dict[str, Any]:
    shares = ("recall", "block_recall", "over_refusal", "over_block", "unjudged")
    return {"name": part.name} | {
        name: {
            "hits": getattr(part, name).hits,
            "n": getattr(part, name).n,
            "shown": str(getattr(part, name)),
        }
        for name in shares
    }
