"""`safeconduct explain`: which rule, which evidence, what would change it, and the nearest text that would pass."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from moderation.bootstrap import Application
from moderation.cli.generations import explanation
from moderation.cli.output import JsonOption, print_fields, print_json
from moderation.cli.session import application
from moderation.explaining.explanation import explain_decision, explanation_to_plain
from moderation.explaining.seek import not_sought
from moderation.explaining.told import read_told
from policies.findings import Finding
from policies.places import name_place

Json = Mapping[str, Any]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A generation or decision id.")],
    edit: Annotated[
        bool, typer.Option(help="Look for a text that would pass: the gate judges up to twelve.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Which rule, which revision, which evidence, what would change it."""
    with application() as parts:
        answer = explanation(parts, id_)
        for decision in answer.get("decisions", [answer]):
            decision["explanation"] = _explained(parts, decision["id"], edit)
    print_json(answer) if as_json else _print(answer)


def _explained(parts: Application, decision_id: str, edit: bool) -> Json:
    with parts.database.read() as session:
        told = read_told(session, decision_id)
    explained = explain_decision(told, parts.edit_finder if edit else not_sought)
    whole = explanation_to_plain(explained, operator=True)
    whole["operator"]["places"] = [_place(finding) for finding in told.recorded.findings]
    return {"user": whole["user"], "operator": whole["operator"]}


def _place(finding: Finding) -> str:
    return name_place(finding.where, {}, quoted=False)


def _print(answer: Json) -> None:
    print_fields(
        {name: value for name, value in answer.items() if isinstance(value, str | int | None) and value}
    )
    for decision in answer.get("decisions", [answer]):
        typer.echo(f"{decision['stage']}: {decision['verdict']} by {decision['actor']} ({decision['id']})")
        for line in _lines(decision["explanation"]["user"], decision["explanation"]["operator"]):
            typer.echo(f"  {line}")


def _lines(user: Json, operator: Json) -> Iterator[str]:
    yield f"code {user['code'] or '-'}, category {user['category'] or '-'}, policy {user['policy']}"
    yield f"told to the requester: {user['text'] or '-'}"
    if operator["unreadable"]:
        yield f"unreadable: {operator['unreadable']}"
    for fired in operator["rules"]:
        yield _rule(fired, operator)
    for milder in operator["would_change"]:
        yield from _change(milder)
    yield _edit(user["suggestion"], operator["edit"])


def _rule(fired: Json, operator: Json) -> str:
    number = fired["finding"]
    place = "" if number is None else f", {operator['places'][number]}"
    matched = "" if number is None else operator["findings"][number]["matched"]
    score = "" if fired["threshold"] is None else f", score {fired['score']} reaches {fired['threshold']}"
    named = f", matched {matched}" if matched else ""
    about = f", {fired['subject']}" if fired["subject"] else ""
    marks = " (decides)" if fired["decides"] else ""
    return f"{fired['verdict']:7}{fired['rule']}{score}{about}{place}{named}{marks}"


def _change(milder: Json) -> Iterator[str]:
    fixed = (
        "" if milder["liftable"] else " (nobody may lift it; the evidence would have to be other evidence)"
    )
    yield f"{milder['verdict']} if {_all(milder['all_of'])}{fixed}"
    for one in milder["or_any_of"]:
        yield f"{milder['verdict']} also if {one['words']}"


def _all(changes: Sequence[Json]) -> str:
    return ", and ".join(one["words"] for one in changes) or "nothing were different"


def _edit(suggestion: Json | None, sought: Json) -> str:
    if suggestion is None:
        judged = f", {sought['judged']} judged" if sought["judged"] else ""
        return f"no text is offered: {sought['withheld']}{judged}"
    changed = f"{suggestion['changed']} word{'s' if suggestion['changed'] != 1 else ''} changed"
    return f"this text passes ({changed}, judged just now under {suggestion['policy']}): {suggestion['text']}"
