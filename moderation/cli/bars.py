"""`safeconduct bars` measures the policies on the shared labelled data, `safeconduct model-card` writes what was measured.

Both work on a checkout of the project: the results file and the card are part of it.
"""

import tempfile
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from moderation.cli.evaluate import counting, mistake_lines
from moderation.cli.output import JsonOption, print_json
from moderation.cli.session import application
from moderation.errors import ServiceError
from moderation.evaluating import GateOnRows, revisions
from moderation.settings import Settings, read_settings
from policies.evaluation import card, results
from policies.evaluation.bars import BARS
from policies.evaluation.evaluate import Judged, judged, report_of
from policies.evaluation.measuring import MISSED, BarResult, measure
from policies.evaluation.slices import shared_rows

PROJECT = Path(results.__file__).parents[2]
ProjectOption = Annotated[
    Path,
    typer.Option(file_okay=False, help="The checkout to write to; default: the one this command runs from."),
]


class CardStale(ServiceError):
    """The model card says something else than the results, or the results were measured with something else than ships."""

    code = "evaluation.card_stale"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("bars")(bars_command)
    app.command("model-card")(model_card_command)


def bars_command(
    data: Annotated[
        Path, typer.Option(help="Folder of the shared labelled data: text/, names/ and works/ in it.")
    ],
    project: ProjectOption = PROJECT,
    mistakes: Annotated[
        Path | None, typer.Option(help="Write the rows judged against their label here, as JSONL.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure every bar on the shared labelled data, and write results.json and the model card.

    The shipped policy judges, in an empty database of its own: nothing that was registered or activated here counts.
    """
    began, measured_with = monotonic(), results.shipped()
    found, checks = _judged(data)
    measured = [measure(bar, found) for bar in BARS]
    written = results.results_of(found, measured, measured_with | {"checks": checks})
    if measured_with != results.shipped():
        raise CardStale(
            "what ships changed while it was measured",
            field="policies",
            remedy="measure again when nobody edits it",
        )
    _save(written, project)
    if mistakes is not None:
        mistakes.write_text(mistake_lines(report_of(found).mistakes), encoding="utf-8")
    if as_json:
        print_json({"rows": written["rows"], "bars": written["bars"]})
        return
    for result in measured:
        _print(result)
    missed = sum(one.standing == MISSED for result in measured for one in result.reached)
    seconds = monotonic() - began
    typer.echo(f"{missed} figures missed; {len(found)} rows in {seconds:.0f} s", err=True)


def model_card_command(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when the card is stale.")
    ] = False,
    project: ProjectOption = PROJECT,
    as_json: JsonOption = False,
) -> None:
    """Write MODEL_CARD.md and its plots from the results file."""
    measured = results.load(_results(project))
    if check:
        _refuse_stale(measured, project)
    changed = [] if check else card.write(measured, project)
    if as_json:
        print_json({"changed": [path.as_posix() for path in changed]})
    else:
        typer.echo("\n".join(path.as_posix() for path in changed) or "the model card is fresh")


def _judged(data: Path) -> tuple[tuple[Judged, ...], dict[str, str]]:
    rows = shared_rows(data)
    with tempfile.TemporaryDirectory() as home, application(_alone(Path(home))) as parts:
        with counting(len(rows)) as done:
            found = judged(rows, GateOnRows(parts.judge, done))
        return found, revisions(parts.judge)


def _alone(home: Path) -> Settings:
    """Settings with this machine's models and nothing else of it."""
    return read_settings().model_copy(
        update={"home": home, "database_url": None, "kafka_bootstrap": None, "asset_url": None}
    )


def _save(written: dict[str, Any], project: Path) -> None:
    path = _results(project)
    path.parent.mkdir(parents=True, exist_ok=True)
    results.save(written, path)
    card.write(results.load(path), project)


def _results(project: Path) -> Path:
    return project / results.RESULTS.relative_to(PROJECT)


def _refuse_stale(measured: dict[str, Any], project: Path) -> None:
    with_what = {name: measured["measured_with"][name] for name in ("weights", "policy")}
    others = card.stale(measured, project)
    if with_what != results.shipped() or others:
        raise CardStale(
            "other weights, thresholds or another policy ship than were measured, or a page was edited",
            field="MODEL_CARD.md",
            value=", ".join(path.as_posix() for path in others),
            remedy="measure again: safeconduct bars --data DIR; or write the card again: safeconduct model-card",
        )


def _print(result: BarResult) -> None:
    for one in result.reached:
        name = f"{result.bar.title}, {card.NAMES[one.figure]}"
        typer.echo(f"{one.standing:12} {name} (wanted {one.goal:g}): {one.shown}")
