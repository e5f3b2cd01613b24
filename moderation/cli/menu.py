"""What `safeconduct` can do, as a table: the list is shown, and one command is run, without importing all the others.

The models' libraries take seconds to import. A test holds this table against the commands themselves.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import typer

COMPLETION = "_SAFECONDUCT_COMPLETE"
"""Set by the completion scripts that typer installs."""
HELP = "The trust-and-safety gate for generative video: nothing reaches the generator, and nothing leaves it, unjudged."


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of commands, and the module in `moderation.cli` that has it."""

    name: str
    module: str
    summary: str
    group: bool = False


MENU = (
    Entry("up", "serve", "Run everything in one process: API, gates, generator, release, sweeper, relay."),
    Entry("worker", "serve", "Run one worker."),
    Entry(
        "prepare",
        "serve",
        "Make what all processes share where it is missing: schema, topics, object store, keys, certificates; then end.",
    ),
    Entry("judge", "judge", "Judge every item with the active policy."),
    Entry("submit", "generations", "Ask for a video and follow it until it is released, refused or held."),
    Entry("link", "generations", "Print a link to the file of a release; it lives for a minute."),
    Entry(
        "report",
        "generations",
        "Counts of generations by state and of decisions by stage, verdict and category.",
    ),
    Entry("explain", "explain", "Which rule, which revision, which evidence, what would change it."),
    Entry("coverage", "coverage", "What is looked at, by which check and model, and what is not."),
    Entry("verify", "verify", "Answer `ours_intact`, `ours_altered` or `unknown` for each file."),
    Entry("revoke", "likenesses", "Revoke a likeness."),
    Entry(
        "erase",
        "likenesses",
        "Erase a likeness: revoke it, destroy the key to its templates, delete its portraits.",
    ),
    Entry("replay", "replay", "Rule again on recorded findings under the recorded policy."),
    Entry("backtest", "replay", "Rule on every recorded decision under another document."),
    Entry(
        "demo",
        "demo",
        "Start the service, ask for ten videos, some of which must not be made, and show what happened.",
    ),
    Entry("evaluate", "evaluate", "Judge labelled prompts, and report how often the gate is right."),
    Entry(
        "bars",
        "bars",
        "Measure every bar on the shared labelled data, and write results.json, the model card and its plots.",
    ),
    Entry("model-card", "bars", "Write MODEL_CARD.md and its plots from the results file."),
    Entry("policy", "policy", "Policy documents.", group=True),
    Entry("dlq", "dlq", "Dead letters: messages that could not be processed.", group=True),
    Entry("hold", "holds", "Legal holds: what an order of law stops and preserves.", group=True),
    Entry("audit", "audit", "The audit log.", group=True),
    Entry("keys", "keys", "API keys.", group=True),
    Entry("generator", "generator", "The generator: whether a pipeline's folder works here.", group=True),
    Entry("guard", "guard", "Guard models: whether a folder's model works here.", group=True),
    Entry(
        "models", "models", "The model files: where they come from, and whether they are here.", group=True
    ),
)


def whole() -> typer.Typer:
    """The command line with every command in it."""
    return _filled(MENU)


def for_arguments(arguments: list[str]) -> typer.Typer:
    """The command line as far as `arguments` (without the program's name) need it: the command they name, else the list.

    A shell that asks for completions gets everything.
    """
    if COMPLETION in os.environ:
        return whole()
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    found = [entry for entry in MENU if entry.name == asked]
    return _filled(found) if found else _listed()


def _empty() -> typer.Typer:
    app = typer.Typer(name="safeconduct", no_args_is_help=True, pretty_exceptions_enable=False, help=HELP)
    app.callback()(_nothing)  # with it, an app of one command still expects the command's name
    return app


def _filled(entries: Sequence[Entry]) -> typer.Typer:
    app = _empty()
    for module, group, name in dict.fromkeys((e.module, e.group, e.name if e.group else "") for e in entries):
        loaded = import_module(f"moderation.cli.{module}")
        if group:
            app.add_typer(loaded.app, name=name)
        else:
            loaded.register(app)
    return app


def _listed() -> typer.Typer:
    app = _empty()
    for entry in MENU:
        app.command(entry.name, help=entry.summary)(_nothing)
    return app


def _nothing() -> None:
    """Say what there is; do nothing."""
