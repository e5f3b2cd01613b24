"""A backtest on the command line: with a bar while it runs, and in words when it is done."""

import typer

from moderation.bootstrap import Application
from moderation.cli.progress import counting
from moderation.policy.store import active_revision, stored_document
from moderation.steering.backtest import count_recorded, run_backtest
from policies.document import PolicyDocument
from policies.lifecycle.backtest import Agreement, BacktestReport

SHOWN = 50
"""Flips that are listed for people; `--json` lists more."""


def compared(
    parts: Application, document: PolicyDocument, *, since_ms: int = 0
) -> tuple[BacktestReport, str]:
    """The report on the decisions made since, and the active revision, which it is held against."""
    with parts.database.read() as session:
        against = stored_document(session, active_revision(session))
        with counting("ruling", count_recorded(session, since_ms=since_ms)) as done:
            return run_backtest(session, document, against, since_ms=since_ms, done=done), against.revision


def show_backtest(report: BacktestReport, against: str) -> None:
    """For people: the flips, then the figures."""
    for flip in report.flips[:SHOWN]:
        human = f", a person said {flip.human.value}" if flip.human else ""
        partial = "" if flip.whole else ", on part of the checks"
        by = f" by {flip.rule}" if flip.rule else ""
        place = f"{flip.stage} of {flip.generation_id}"
        typer.echo(
            f"{flip.before.value} -> {flip.after.value}{by}  {flip.decision_id} ({place}{human}{partial})"
        )
    if len(report.flips) > SHOWN:
        typer.echo(f"… and {len(report.flips) - SHOWN} more; --json lists 500")
    typer.echo(
        f"{report.decisions} decisions, {len(report.flips)} would change; {report.partial} had skipped checks, "
        f"{len(report.unreadable)} could not be read"
    )
    typer.echo(f"Against {against}, on {report.decided} decisions that people decided:")
    for name, before, after in (
        ("stops", report.before.stops, report.after.stops),
        ("blocks", report.before.blocks, report.after.blocks),
    ):
        typer.echo(f"  {name} before: {_figures(before)}")
        typer.echo(f"  {name} after:  {_figures(after)}")


def _figures(agreement: Agreement) -> str:
    return f"precision {agreement.precision}, recall {agreement.recall}, F1 {agreement.f1_said}"
