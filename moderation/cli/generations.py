"""`safeconduct submit`, `link`, `report`: ask for a video, see how it went, fetch it."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from sqlmodel import Session, col, select

from consent.likeness.handles import find_likeness
from moderation.accounts.directory import ensure_account
from moderation.api.links import make_link
from moderation.bootstrap import Application
from moderation.cli.output import JsonOption, print_fields, print_json
from moderation.cli.session import OPERATOR, application
from moderation.errors import Kind, ServiceError
from moderation.gate.decisions import Decision, decisions_of, explained
from moderation.generation.rows import get_generation
from moderation.generation.state import FINAL, State
from moderation.generation.submit import receive
from moderation.generation.tables import Generation, GenerationLikeness
from moderation.generation.uploads import keep_upload
from moderation.ids import new_id
from moderation.messages import GenerationRequested
from moderation.release.serve import servable
from moderation.release.tables import Release
from moderation.store import now_ms

SETTLED = FINAL | {State.RELEASED, State.HELD}
TIMED_OUT = 3


class NothingReleased(ServiceError):
    """There is nothing to link to."""

    code = "release.none"
    kind = Kind.NOT_FOUND


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("submit")(submit)
    app.command("link")(link)
    app.command("report")(report)


def submit(
    prompt: Annotated[str, typer.Argument(help="What the video should show.")],
    likeness: Annotated[list[str] | None, typer.Option(help="A handle to show; repeat for several.")] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(exists=True, help="A reference picture; repeat.")
    ] = None,
    remix: Annotated[str | None, typer.Option(help="Generation to remix.")] = None,
    account: Annotated[str, typer.Option(help="For which account; made when it does not exist.")] = OPERATOR,
    wait_s: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for the end; 0 returns at once.")
    ] = 120,
    as_json: JsonOption = False,
) -> None:
    """Ask for a video and follow it until it is released, refused or held. `safeconduct up` must be running."""
    with application() as parts:
        request = GenerationRequested(
            generation_id=new_id("gen"),
            account_id=account,
            prompt=prompt,
            likenesses=tuple(likeness or ()),
            remix_parent=remix,
        )  # before anything is stored: a request that cannot be sent leaves nothing behind
        references = [
            keep_upload(parts.database, parts.assets, path, account_id=account) for path in reference or ()
        ]
        request = GenerationRequested.model_validate({**request.model_dump(), "references": references})
        with parts.database.transaction() as session:
            at = now_ms(session)
            ensure_account(session, account, actor=OPERATOR, now_ms=at)
            receive(session, request, now_ms=at)
        generation_id = request.generation_id
        settled = follow(parts, generation_id, wait_s)
        answer = explanation(parts, generation_id)
    print_json(answer) if as_json else _print(answer)
    if not settled:
        raise typer.Exit(TIMED_OUT)


def link(
    id_: Annotated[
        str,
        typer.Argument(metavar="ID", help="A generation or release id, or @handle for its newest release."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Print a link to the file of a release; it lives for a minute."""
    with application() as parts:
        with parts.database.read() as session:
            release = servable(session, _release_id(session, id_))
            made = make_link(
                parts.link_secret, release.id, now_ms=now_ms(session), ttl_s=parts.settings.link_ttl_s
            )
        url = parts.settings.public_url.rstrip("/") + made.path
    print_json(
        {"release_id": release.id, "url": url, "expires_ms": made.expires_ms}
    ) if as_json else typer.echo(url)


def report(as_json: JsonOption = False) -> None:
    """Counts of generations by state and of decisions by stage, verdict and category."""
    with application() as parts, parts.database.read() as session:
        states = _count(session.exec(select(Generation.state)).all())
        decided = session.exec(select(Decision.stage, Decision.verdict, Decision.category)).all()
        decisions = _count("/".join((*row[:2], row[2] or "-")) for row in decided)
    answer = {"generations": states, "decisions": decisions}
    if as_json:
        print_json(answer)
        return
    for name, counts in answer.items():
        typer.echo(name)
        print_fields({f"  {key}": value for key, value in counts.items()})


def follow(parts: Application, generation_id: str, wait_s: float) -> bool:
    """Show progress until the generation is settled; False when the time is up first."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    deadline = time.monotonic() + wait_s
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("requested", total=1.0)
        while True:
            with parts.database.read() as session:
                generation = get_generation(session, generation_id)
            bar.update(task, description=generation.state, completed=generation.progress)
            if State(generation.state) in SETTLED:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)


def explanation(parts: Application, id_: str) -> dict[str, Any]:
    """A generation with all its decisions, or one decision, as JSON with top-level `id` and `verdict`."""
    with parts.database.read() as session:
        decision = session.get(Decision, id_)
        if decision is not None:
            return dict(explained(decision))
        generation = get_generation(session, id_)
        decisions = decisions_of(session, id_)
        return {
            "id": generation.id,
            "verdict": decisions[-1].verdict if decisions else None,
            "state": generation.state,
            "held_stage": generation.held_stage,
            "because": generation.ended_because,
            "release_id": generation.release_id,
            "decisions": [explained(one) for one in decisions],
        }


def _release_id(session: Session, id_: str) -> str:
    if id_.startswith("rel_"):
        return id_
    if not id_.startswith("@"):
        generation = get_generation(session, id_)
        if generation.release_id:
            return generation.release_id
        raise NothingReleased(f"the generation is {generation.state}, not released", field="id", value=id_)
    likeness = find_likeness(session, id_)
    statement = (
        select(Release.id)
        .join(GenerationLikeness, col(GenerationLikeness.generation_id) == col(Release.generation_id))
        .where(GenerationLikeness.likeness_id == (likeness.id if likeness else ""))
        .order_by(col(Release.released_ms).desc())
    )
    newest = session.exec(statement).first()
    if newest is None:
        raise NothingReleased("no release shows this likeness", field="id", value=id_)
    return newest


def _count(values: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))


def _print(answer: dict[str, Any]) -> None:
    print_fields(
        {name: value for name, value in answer.items() if isinstance(value, str | int | None) and value}
    )
    for decision in answer.get("decisions", [answer]):
        typer.echo(f"{decision['stage']}: {decision['verdict']} by {decision['actor']} ({decision['id']})")
        for fired in decision.get("ruling", {}).get("rules", []):
            typer.echo(f"  {fired['verdict']:7} {fired['rule_id']}  {fired['subject'] or fired['reason']}")
