"""`safeconduct bars` measures the policies on the shared labelled data, `safeconduct model-card` writes what was measured.

Both work on a checkout of the project: the results file and the card are part of it.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from moderation.cli.evaluate import mistake_lines
from moderation.cli.output import JsonOption, print_json
from moderation.cli.progress import counting
from moderation.cli.session import application
from moderation.errors import ServiceError
from moderation.evaluating import GateOnRows, revisions
from moderation.settings import Settings, read_settings
from policies.evaluation import card, card_bars, results
from policies.evaluation.bars import BARS, Bar
from policies.evaluation.evaluate import Judged, judged, report_of
from policies.evaluation.measuring import MET, MISSED, NOT_MEASURED, BarResult, measure
from policies.evaluation.slices import shared_rows

PROJECT = Path(results.__file__).parents[2]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        file_okay=False, help="The checkout to write to; by default the one this command runs from."
    ),
]
WORDS = {MET: "reached", MISSED: "not reached", NOT_MEASURED: "not measured"}
PATIENCE_S = 3600.0


class BarUnknown(ServiceError):
    """A bar that is not measured."""

    code = "evaluation.bar_unknown"


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
    only: Annotated[
        list[str] | None,
        typer.Option(help="Measure only this bar, and write nothing; may be given several times."),
    ] = None,
    project: ProjectOption = None,
    mistakes: Annotated[
        Path | None, typer.Option(help="Write the rows judged against their label here, as JSONL.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure every bar on the shared labelled data, and write results.json, the model card and its plots.

    The shipped policy judges, in an empty database of its own: nothing that was registered or activated here counts. The bars:
    adjudicated, vbench, partiprompts, coco, xstest, overt, hatecheck, multilingual_hatecheck, openai_moderation, described_works,
    public_figures.
    """
    began, bars = monotonic(), _chosen(only)
    measured_with = results.shipped()
    found, checks = _judged(data, bars if only else None)
    measured = [measure(bar, found) for bar in bars]
    if not only:
        written = results.results_of(found, measured, measured_with | {"checks": checks})
        _refuse_changed(measured_with)
        _save(written, project or PROJECT)
    if mistakes is not None:
        mistakes.write_text(mistake_lines(report_of(found).mistakes), encoding="utf-8")
    if as_json:
        print_json({"rows": len(found), "bars": [results.bar_to_plain(result) for result in measured]})
    else:
        _print(measured)
        typer.echo(f"{len(found)} rows in {monotonic() - began:.0f} s", err=True)


def _chosen(only: list[str] | None) -> Sequence[Bar]:
    known = {bar.id: bar for bar in BARS}
    for name in only or ():
        if name not in known:
            raise BarUnknown(
                "there is no such bar", field="--only", value=name, remedy=f"give one of {', '.join(known)}"
            )
    return [known[name] for name in dict.fromkeys(only)] if only else BARS


def model_card_command(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when the card is stale.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write MODEL_CARD.md and its plots from the results file."""
    place = project or PROJECT
    measured = results.load(_results(place))
    if check:
        _refuse_stale(measured, place)
    changed = [] if check else card.write(measured, place)
    if as_json:
        print_json({"changed": [path.as_posix() for path in changed]})
    else:
        typer.echo("\n".join(path.as_posix() for path in changed) or "the model card is fresh")


def _judged(data: Path, bars: Sequence[Bar] | None) -> tuple[tuple[Judged, ...], dict[str, str]]:
    """All rows, or those of the bars given, judged; and the revision of each check that judged them."""
    sources = None if bars is None else {source for bar in bars for source in bar.sources}
    rows = [row for row in shared_rows(data) if sources is None or row.source in sources]
    with tempfile.TemporaryDirectory() as home, application(_alone(Path(home))) as parts:
        with counting("judging", len(rows)) as done:
            found = judged(rows, GateOnRows(parts.judge, done))
        return found, revisions(parts.judge)


def _alone(home: Path) -> Settings:
    """Settings with this machine's models and nothing else of it; a busy machine makes no row unjudged."""
    return read_settings().model_copy(
        update={
            "home": home,
            "database_url": None,
            "kafka_bootstrap": None,
            "asset_url": None,
            "check_timeout_s": PATIENCE_S,
        }
    )


def _refuse_changed(measured_with: dict[str, Any]) -> None:
    if measured_with != results.shipped():
        raise CardStale(
            "what ships changed while it was measured",
            field="policies",
            remedy="measure again when nobody edits it",
        )


def _save(written: dict[str, Any], project: Path) -> None:
    path = _results(project)
    path.parent.mkdir(parents=True, exist_ok=True)
    results.save(written, path)
    card.write(results.load(path), project)


def _results(project: Path) -> Path:
    return project / results.RESULTS.relative_to(PROJECT)


def _refuse_stale(measured: dict[str, Any], project: Path) -> None:
    others = card.stale(measured, project)
    if others or not results.fresh(measured):
        raise CardStale(
            "other weights, thresholds or another policy ship than were measured, or a page was edited",
            field="MODEL_CARD.md",
            value=", ".join(path.as_posix() for path in others),
            remedy="measure again: safeconduct bars --data DIR; or write the card again: safeconduct model-card",
        )


def _print(measured: Sequence[BarResult]) -> None:
    figures = [(result, one) for result in measured for one in result.reached]
    for result, one in figures:
        name = f"{result.bar.title}, {card_bars.NAMES[one.figure]}"
        typer.echo(f"{WORDS[one.standing]:13} {name} (wanted {one.goal:g}): {one.shown}")
    reached = sum(one.standing == MET for _, one in figures)
    typer.echo(f"{reached} of {len(figures)} figures reached")
