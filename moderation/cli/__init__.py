"""`safeconduct`: the command line. Every command takes `--json`, shows progress on long work, and explains its errors."""

import sys

import typer

from moderation.cli import (
    audit,
    demo,
    dlq,
    generations,
    judge,
    keys,
    likenesses,
    models,
    policy,
    replay,
    serve,
    verify,
)
from moderation.cli.errors import ACTIONABLE, show_error

app = typer.Typer(
    name="safeconduct",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The trust-and-safety gate for generative video: nothing reaches the generator, and nothing leaves it, unjudged.",
)
serve.register(app)
judge.register(app)
generations.register(app)
verify.register(app)
likenesses.register(app)
replay.register(app)
demo.register(app)
app.add_typer(policy.app, name="policy")
app.add_typer(dlq.app, name="dlq")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")


def main() -> None:
    """Run a command; an error that a person can act on is one line on standard error and exit status 2."""
    try:
        app()
    except ACTIONABLE as error:
        sys.exit(show_error(error))
