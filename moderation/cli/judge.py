"""`safeconduct judge FILE`: prompts or media files in, decisions out, one line each, the same bytes every time."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from moderation.cli.output import JsonOption
from moderation.cli.session import application
from moderation.errors import ServiceError
from moderation.gate.judge import Judge, NothingToJudge, TextTooLongToJudge
from moderation.judging import Line, read_items

SOME_INVALID = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("judge")(judge)


def judge(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSONL of items, or one media file.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Judge every item with the active policy. Items are {"id", "text"} or {"id", "media"}; unknown fields are ignored.

    A text is judged as a request, a media file as an output: what a generator made. "as": "reference" judges it as an upload
    to generate from, with its credentials and the faces in it. "under_18" and "feed", true, make rules stricter. An item that
    could not be read is answered with an `error` and verdict `review`; the exit status is then 1.
    """
    lines = list(read_items(file))
    invalid = 0
    with application() as parts, Progress(console=Console(stderr=True), transient=True) as bar:
        judge_one = parts.judge
        task = bar.add_task("judging", total=len(lines))
        for line in lines:
            answer = _answer(judge_one, line)
            invalid += "error" in answer
            _print(answer, as_json)
            bar.advance(task)
    if invalid:
        print(f"safeconduct: {invalid} of {len(lines)} items could not be read", file=sys.stderr)
        raise typer.Exit(SOME_INVALID)


def _answer(judge_one: Judge, line: Line) -> dict[str, Any]:
    if line.item is None:
        assert line.problem is not None
        return _error(line.id, line.problem)
    try:
        return dict(judge_one.judge(line.item))
    except (NothingToJudge, TextTooLongToJudge) as error:
        return _error(line.id, error)


def _error(item_id: str, error: ServiceError) -> dict[str, Any]:
    return {
        "id": item_id,
        "verdict": "review",
        "categories": [],
        "findings": [],
        "revisions": {},
        "error": {
            "code": error.code,
            "field": error.field,
            "value": error.value,
            "detail": error.sentence,
            "remedy": error.remedy,
        },
    }


def _told(error: dict[str, str] | None) -> str:
    return f"{error['field']}: {error['detail']} (got {error['value']}); {error['remedy']}" if error else ""


def _print(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    why = _told(answer.get("error")) or answer.get("reasons", {}).get("user_text", "")
    typer.echo(f"{answer['verdict']:7} {answer['id']}: {', '.join(answer['categories']) or '-'}  {why}")
